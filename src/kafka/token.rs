//! Tokens for OAUTHBEARER: read from a file that something else keeps fresh.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use rdkafka::{ClientContext, client::OAuthToken, consumer::ConsumerContext};

use super::security::Credential;

/// librdkafka asks again after four fifths of a token's life, so the file is read every minute.
/// How long the token is good in truth only the broker knows.
const LIFE: Duration = Duration::from_secs(75);

/// The context of clients that only log in.
#[derive(Clone, Debug, Default)]
pub struct LoginContext {
    pub(super) token: Option<Credential>,
}

impl ClientContext for LoginContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        read(self.token.as_ref())
    }
}

impl ConsumerContext for LoginContext {}

/// What librdkafka is given when it asks for a token.
pub(super) fn read(token: Option<&Credential>) -> Result<OAuthToken, Box<dyn Error>> {
    let token = token.ok_or("kafka.sasl.token_file is not set")?;
    let expires = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + LIFE;
    Ok(OAuthToken {
        token: token.current().as_ref().to_owned(),
        principal_name: "trygg".to_owned(),
        lifetime_ms: i64::try_from(expires.as_millis())?,
    })
}
