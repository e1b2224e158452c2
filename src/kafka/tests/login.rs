//! Passwords that are replaced while trygg runs.

use std::sync::{Arc, Mutex};

use super::{LinkProducer, cluster, record, reports, settings_for};
use crate::{
    kafka::{Credential, Kafka, KafkaSettings, Mechanism, Sasl, settings::Grouping},
    model::Lane,
};

/// A secret's file, as it were.
#[derive(Clone)]
struct Drawer(Arc<Mutex<Arc<str>>>);

impl Drawer {
    fn with(secret: &str) -> Self {
        Self(Arc::new(Mutex::new(secret.into())))
    }

    fn put(&self, secret: &str) {
        *self.0.lock().expect("not poisoned") = secret.into();
    }

    fn credential(&self) -> Credential {
        let drawer = Arc::clone(&self.0);
        let secret = self.0.lock().expect("not poisoned").clone();
        Credential::renewable(&secret, move || Some(drawer.lock().expect("not poisoned").clone()))
    }
}

async fn send_singly(link: &LinkProducer) {
    link.send(0, Grouping::Single, None, &record(Lane::Readings, 0, "a")).expect("taken");
    assert!(reports(link, 1).await[0].outcome.is_ok());
}

#[tokio::test]
async fn who_else_reads_a_new_password_does_not_hide_it_from_the_producer() {
    let cluster = cluster();
    let drawer = Drawer::with("old");
    let mut settings: KafkaSettings = settings_for(&cluster);
    // The mock cluster knows no logins, so it is not asked for one.
    let passed = &mut settings.connection;
    passed.secrets.insert("sasl.password".to_owned(), drawer.credential());
    drawer.put("made with");
    let kafka = Kafka::connect(settings, 1).await.expect("connected");
    assert!(!kafka.renew_login().await, "it has the newest");

    drawer.put("new");
    send_singly(&kafka.link(0)).await;
    let others = kafka.settings().connection.client_config();
    assert_eq!(others.get("sasl.password"), Some("new"));
    assert!(kafka.renew_login().await);
    assert_eq!(kafka.state().fatal().await, crate::kafka::LOGIN_RENEWED);
    assert!(kafka.renew_login().await, "as long as the producer has the old one");
    let rebuilding = Arc::clone(&kafka);
    tokio::task::spawn_blocking(move || rebuilding.rebuild()).await.expect("ran").expect("rebuilt");
    assert!(!kafka.renew_login().await);
}

#[tokio::test]
async fn a_password_is_looked_for_beside_the_engines_thread() {
    let cluster = cluster();
    let readers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&readers);
    let mut settings = settings_for(&cluster);
    let credential = Credential::renewable("p", move || {
        seen.lock().expect("not poisoned").push(std::thread::current().id());
        Some("p".into())
    });
    settings.connection.secrets.insert("sasl.password".to_owned(), credential);
    let kafka = Kafka::connect(settings, 1).await.expect("connected");
    readers.lock().expect("not poisoned").clear();
    assert!(!kafka.renew_login().await);
    let readers = readers.lock().expect("not poisoned");
    assert!(!readers.is_empty() && !readers.contains(&std::thread::current().id()));
}

#[test]
fn a_token_is_taken_up_by_the_batched_producer_alone() {
    use crate::kafka::delivery::{ClientState, Delivery};
    use rdkafka::ClientContext;

    let drawer = Drawer::with("one");
    let mut connection = super::connection(String::new());
    let credential = drawer.credential();
    let mechanism = Mechanism::OauthBearer;
    connection.security.sasl = Some(Sasl { mechanism, user: String::new(), credential });
    let context = |grouping| Delivery {
        mailboxes: Arc::new([]),
        state: Arc::new(ClientState::default()),
        token: connection.security.token().cloned(),
        grouping,
        implied: Mutex::default(),
    };
    drawer.put("two");
    let ask = |grouping| context(grouping).generate_oauth_token(None).expect("a token").token;
    assert_eq!(ask(Grouping::Single), "two");
    assert!(connection.has_new_credentials());
    connection.context().generate_oauth_token(None).expect("a token");
    assert!(connection.has_new_credentials());
    assert_eq!(ask(Grouping::Batched), "two");
    assert!(!connection.has_new_credentials());
}
