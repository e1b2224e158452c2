//! A delivery from the command line: runtime, signals, progress, summary, exit code.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    cli::{Exit, unsaid, words::counted},
    testbed::{Broker, Failure, Fed, Manner, Notice, Stop, Tally, WAITING_MAX, publish},
};

/// How the summary is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Output {
    /// A line to be read.
    #[default]
    Text,
    /// An object on one line.
    Json,
}

/// What to deliver, and how.
pub(in crate::cli) struct Delivery<F> {
    pub(in crate::cli) broker: Broker,
    pub(in crate::cli) manner: Manner,
    /// Fills the channel, on a thread of its own.
    pub(in crate::cli) source: F,
    /// Ends it gently after this time.
    pub(in crate::cli) duration: Option<Duration>,
    /// What is shown meanwhile, on a terminal.
    pub(in crate::cli) progress: Progress,
    pub(in crate::cli) output: Output,
}

/// What is shown while messages are published.
pub(in crate::cli) enum Progress {
    /// Nothing: it is over at once.
    Hidden,
    /// How much of so many bytes.
    Bytes(u64),
    /// A line that says where the source is.
    Told(Box<dyn Fn(u64) -> String>),
}

impl<F: FnOnce(&mpsc::Sender<Fed>) + Send + 'static> Delivery<F> {
    /// Delivers, and says how it went.
    pub(in crate::cli) fn run(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let began = Instant::now();
        let bar = self.progress.bar();
        let (tally, ended) = runtime.block_on(async {
            let (sender, received) = mpsc::channel(WAITING_MAX);
            let source = self.source;
            let stop = Stop::default();
            let mut notice = |notice: Notice<'_>| show(&notice, &bar, &self.progress, began, err);
            let feeding = tokio::task::spawn_blocking(move || source(&sender));
            let publishing = publish(&self.broker, self.manner, received, &stop, &mut notice);
            let ended = tokio::select! {
                ended = publishing => ended,
                // It only asks for the end, and then stays.
                () = attend(&stop, self.duration) => std::future::pending().await,
            };
            feeding.abort();
            ended
        });
        // A thread may still wait for a line of a pipe: not worth waiting for.
        runtime.shutdown_background();
        bar.finish_and_clear();
        let failure = ended.err();
        let told = summary(&tally, failure.as_ref(), began.elapsed(), self.output, out);
        if let Some(failure) = &failure {
            writeln!(err, "{failure}")?;
        }
        let exit = exit(&tally, failure.as_ref());
        Ok(told.map_or_else(|error| unsaid(&error, exit), |()| exit))
    }
}

/// The first signal, or the end of the time, ends it gently; a signal after that at once.
async fn attend(stop: &Stop, duration: Option<Duration>) {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        // Without signals the system ends the process in its own way.
        return std::future::pending().await;
    };
    let over = async {
        match duration {
            Some(duration) => sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = over => {}
    }
    stop.gently.cancel();
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.at_once.cancel();
    std::future::pending::<()>().await;
}

impl Progress {
    fn bar(&self) -> ProgressBar {
        let (bar, template) = match self {
            Self::Hidden => return ProgressBar::hidden(),
            Self::Bytes(bytes) => {
                (ProgressBar::new(*bytes), "{bar:30} {percent:>3} %  {msg}  {elapsed}, {eta} left")
            }
            Self::Told(_) => (ProgressBar::new_spinner(), "{spinner} {msg}"),
        };
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

fn show(
    notice: &Notice<'_>,
    bar: &ProgressBar,
    progress: &Progress,
    began: Instant,
    err: &mut dyn Write,
) {
    let line = match notice {
        Notice::Connected => return,
        Notice::Tally(tally) => {
            let published = tally.published();
            let rate = rate(published, began.elapsed());
            let told = match progress {
                Progress::Hidden => return,
                Progress::Bytes(_) => String::new(),
                Progress::Told(tell) => tell(tally.position) + "  ",
            };
            bar.set_position(tally.position);
            bar.set_message(format!("{told}{published} messages  {rate:.0}/s"));
            return;
        }
        Notice::Skipped(failure) => failure.to_string(),
        Notice::Disconnected { failure, again_in } => {
            format!("{failure}; again in {:.1} s", again_in.as_secs_f64())
        }
    };
    // Nobody is left to tell when this fails.
    bar.suspend(|| drop(writeln!(err, "{line}")));
}

fn rate(messages: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
    let messages = messages as f64;
    messages / time.as_secs_f64().max(0.001)
}

fn summary(
    tally: &Tally,
    failure: Option<&Failure>,
    time: Duration,
    output: Output,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Tally { acknowledged, unconfirmed, refused, broken, resent, unacknowledged, .. } = *tally;
    let published = tally.published();
    let seconds = (time.as_secs_f64() * 1_000.0).round() / 1_000.0;
    match output {
        Output::Json => {
            let summary = json!({
                "published": published,
                "acknowledged": acknowledged,
                "unconfirmed": unconfirmed,
                "refused": refused,
                "broken": broken,
                "resent": resent,
                "unacknowledged": unacknowledged,
                "seconds": seconds,
                "failure": failure.map(ToString::to_string),
            });
            writeln!(out, "{summary}")
        }
        Output::Text => {
            let messages = counted(published, "message", "messages");
            write!(out, "published {messages}: {acknowledged} acknowledged")?;
            let lines = ["line that is no message", "lines that are no messages"];
            for (count, [one, several]) in [
                (unconfirmed, ["sent at QoS 0, which nobody acknowledges"; 2]),
                (unacknowledged, ["not acknowledged"; 2]),
                (refused, ["refused"; 2]),
                (broken, lines),
                (resent, ["sent twice, since the connection broke"; 2]),
            ] {
                if count > 0 {
                    write!(out, ", {}", counted(count, one, several))?;
                }
            }
            writeln!(out, "; {seconds:.1} s, {:.0}/s", rate(published, time))
        }
    }
}

/// Zero only if the broker has everything.
fn exit(tally: &Tally, failure: Option<&Failure>) -> Exit {
    match failure {
        Some(Failure::Source(_)) => Exit::Usage,
        Some(failure) if failure.is_lasting() => Exit::Configuration,
        Some(_) => Exit::LeftWithBroker,
        None if tally.broken > 0 => Exit::Usage,
        None if tally.refused > 0 => Exit::Configuration,
        None => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mqtt::{ReasonCode, SessionError},
        transport::DialError,
    };

    #[test]
    fn only_what_the_broker_has_ends_with_zero() {
        let good = Tally { acknowledged: 3, unconfirmed: 1, resent: 1, ..Tally::default() };
        let refused = Tally { refused: 1, ..good };
        let broken = Tally { broken: 1, refused: 1, ..good };
        let wrong_user = SessionError::Refused { code: ReasonCode::BadUserNameOrPassword };
        let acl = Failure::Refused { code: ReasonCode::NotAuthorized };
        for (tally, failure, expected) in [
            (good, None, Exit::Done),
            (refused, None, Exit::Configuration),
            (broken, None, Exit::Usage),
            (good, Some(DialError::Refused.into()), Exit::LeftWithBroker),
            (good, Some(DialError::UnknownCa.into()), Exit::Configuration),
            (good, Some(wrong_user.into()), Exit::Configuration),
            (refused, Some(acl), Exit::Configuration),
            (good, Some(Failure::Silent { seconds: 20 }), Exit::LeftWithBroker),
            (good, Some(Failure::Interrupted), Exit::LeftWithBroker),
        ] {
            assert_eq!(exit(&tally, failure.as_ref()), expected, "{failure:?}");
        }
    }

    #[test]
    fn the_summary_tells_people_what_is_worth_telling_and_scripts_everything() {
        let tally = Tally { acknowledged: 1, broken: 2, ..Tally::default() };
        let said = |output| {
            let mut out = Vec::new();
            summary(&tally, None, Duration::from_secs(2), output, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let text =
            "published 1 message: 1 acknowledged, 2 lines that are no messages; 2.0 s, 0/s\n";
        assert_eq!(said(Output::Text), text);
        let json: serde_json::Value = serde_json::from_str(&said(Output::Json)).unwrap();
        assert_eq!(json["published"], 1);
        assert_eq!(json["broken"], 2);
        assert_eq!(json["failure"], serde_json::Value::Null);
    }
}
