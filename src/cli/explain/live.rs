//! `trygg explain --live`: messages of a link as they come.

use std::io::{self, Write};

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{Exit, ExplainArgs, Output, page, write};
use crate::{
    cli::{complain, unsaid},
    explain::{Explainer, Heard, ListenError, Onwards, Question, listen},
};

/// Explains what comes until there was enough of it, or until Ctrl-C.
pub(super) fn run(args: &ExplainArgs, explainer: &mut Explainer) -> Exit {
    let Some(listener) = explainer.listener() else { return Exit::Usage };
    let mut left = args.count.unwrap_or(u64::MAX);
    let (page, mut out) = (page(), anstream::stdout());
    let mut unwritten: Option<io::Error> = None;
    let mut hear = |heard: Heard<'_>| {
        let Heard::Message { topic, payload, retain, received } = heard else {
            return Onwards::Listen;
        };
        let question = Question { topic, payload, retain, received };
        let mut text = Vec::new();
        let told = write(args.output, explainer, &question, &page, &mut text)
            .and_then(|()| match args.output {
                Output::Text => writeln!(text),
                Output::Json => Ok(()),
            })
            .and_then(|()| out.write_all(&text))
            .and_then(|()| out.flush());
        unwritten = told.err();
        left = left.saturating_sub(1);
        if left == 0 || unwritten.is_some() { Onwards::Stop } else { Onwards::Listen }
    };
    let heard = until_signal(async |stop| listen(&listener, stop, &mut hear).await);
    if let Some(error) = unwritten {
        return unsaid(&error, Exit::Done);
    }
    ended(heard)
}

/// How a command ends that has listened.
pub(in crate::cli) fn ended(heard: io::Result<Result<(), ListenError>>) -> Exit {
    match heard {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(error)) => {
            complain(&error);
            if error.is_lasting() { Exit::Configuration } else { Exit::LeftWithBroker }
        }
        Err(error) => {
            complain(&error);
            Exit::OurBug
        }
    }
}

/// Runs until it is done, or asks it to stop at the first signal.
pub(in crate::cli) fn until_signal<T>(
    work: impl AsyncFnOnce(&CancellationToken) -> T,
) -> io::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let stop = CancellationToken::new();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let attend = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = work(&stop) => Ok(done),
            () = attend => Err(io::Error::other("signals ended")),
        }
    });
    runtime.shutdown_background();
    done
}
