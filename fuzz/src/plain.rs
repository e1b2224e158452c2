//! Who has the last word on time: this program, built without counters.
//!
//! Counting every branch and comparison makes a decoder several times slower, most of all where a
//! payload is nothing but small fields. An input that is over its time here is tried by the plain
//! build, under the same limits; `TRYGG_FUZZ_PLAIN` names that. Without one the time measured here
//! decides.

use std::{
    cell::RefCell,
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the input at hand.
pub(crate) fn at_hand(input: &[u8]) {
    if has_last_word() {
        INPUT.with_borrow_mut(|kept| {
            kept.clear();
            kept.extend_from_slice(input);
        });
    }
}

/// Is there a plain build to ask?
pub(crate) fn has_last_word() -> bool {
    program().is_some()
}

/// Does the input at hand keep its limits in the plain build?
pub(crate) fn is_content() -> bool {
    let Some(program) = program() else { return false };
    let file = env::temp_dir().join(format!("trygg-fuzz-{}", std::process::id()));
    let written = INPUT.with_borrow(|input| fs::write(&file, input));
    let verdict = Command::new(program)
        .arg(&file)
        .env_remove("TRYGG_FUZZ_PLAIN")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = fs::remove_file(&file);
    written.is_ok() && verdict.is_ok_and(|status| status.success())
}

#[expect(clippy::disallowed_methods, reason = "libFuzzer owns the arguments")]
fn program() -> Option<&'static PathBuf> {
    PROGRAM.get_or_init(|| env::var_os("TRYGG_FUZZ_PLAIN").map(PathBuf::from)).as_ref()
}
