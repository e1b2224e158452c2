//! How the command line behaves towards people, pipes and shells.

use std::{
    collections::BTreeMap,
    fs, io,
    process::{Command, Output, Stdio},
};

use crate::support::{
    process::{self, free_port},
    tools::{self, root},
    turn, wait,
};

/// Every command there is, in the help's order.
pub const COMMANDS: [&str; 12] = [
    "demo",
    "run",
    "check",
    "config",
    "explain",
    "discover",
    "tail",
    "spool",
    "pub",
    "simulate",
    "completions",
    "man",
];
/// Commands of `trygg spool`.
pub const SPOOL_COMMANDS: [&str; 5] = ["stats", "check", "dump", "repair", "export"];
/// Not in the list of the help, for packages only.
const HIDDEN: &str = "man";
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/trygg.example.toml");

fn trygg(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trygg")).args(args).output().expect("trygg")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What a command prints, having ended well and complained of nothing.
fn said(args: &[&str]) -> String {
    let output = trygg(args);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{args:?}");
    text(&output.stdout)
}

/// The commands as the help lists them.
fn listed() -> Vec<String> {
    let help = said(&["--help"]);
    let (_, list) = help.split_once("\nCommands:\n").expect("a list");
    let names = list.lines().map_while(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_help_teaches_by_example() {
    let mut all = listed();
    all.push(HIDDEN.to_owned());
    assert_eq!(all, COMMANDS);
    for command in COMMANDS {
        let help = said(&[command, "--help"]);
        let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{command}"));
        assert!(examples.contains(&format!("trygg {command}")), "{command}: {examples}");
        assert!(!help.contains('\u{1b}'), "{command}: colours without a terminal");
    }
    let help = said(&["--help"]);
    for command in SPOOL_COMMANDS {
        let help = said(&["spool", command, "--help"]);
        let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{command}"));
        assert!(examples.contains(&format!("trygg spool {command}")), "{command}: {examples}");
    }
    for command in ["demo", "check", "run", "tail"] {
        assert!(help.contains(&format!("\n    trygg {command}")), "{command}: {help}");
    }
    assert!(!help.contains('\u{1b}'), "colours without a terminal");
}

#[test]
fn help_has_colours_on_a_terminal_unless_nobody_wants_them() {
    const LOOK: &str = "import pty, sys\nsys.exit(pty.spawn(sys.argv[1:]))";
    let Some(tools) = tools::find() else { return };
    let on_terminal = |variable: (&str, &str), args: &[&str]| {
        let mut command = Command::new(&tools.python);
        command.args(["-c", LOOK, env!("CARGO_BIN_EXE_trygg")]).args(args);
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color").env(variable.0, variable.1);
        text(&command.stdin(Stdio::null()).output().expect("python").stdout)
    };
    for args in [&["--help"][..], &["tail", "--help"], &["check", EXAMPLE]] {
        let coloured = on_terminal(("LANG", "C.UTF-8"), args);
        assert!(coloured.contains("\u{1b}["), "{args:?}: {coloured:?}");
        let plain = on_terminal(("NO_COLOR", "1"), args);
        assert!(!plain.is_empty() && !plain.contains('\u{1b}'), "{args:?}: {plain:?}");
    }
}

#[test]
fn exit_codes_mean_the_same_in_the_code_the_help_and_the_documents() {
    let row = |line: &str| {
        let (number, meaning) = line.trim().split_once(' ')?;
        Some((number.parse::<u8>().ok()?, meaning.trim().to_owned()))
    };
    let help = said(&["--help"]);
    let (_, codes) = help.split_once("\nExit codes:\n").expect("a list");
    let told: BTreeMap<u8, String> = codes.lines().filter_map(row).collect();

    let operating = fs::read_to_string(root().join("docs/operating.md")).expect("the document");
    let table = operating.lines().skip_while(|line| !line.starts_with("| exit code |")).skip(2);
    let documented: BTreeMap<u8, String> = table
        .map_while(|line| line.strip_prefix("| "))
        .filter_map(|line| row(&line.replacen(" | ", " ", 1)))
        .map(|(number, meaning)| (number, meaning.split(" |").next().expect("one").to_owned()))
        .collect();
    assert_eq!(told, documented);

    let code = fs::read_to_string(root().join("src/cli.rs")).expect("the code");
    let (_, variants) = code.split_once("pub enum Exit {").expect("the codes");
    let (variants, _) = variants.split_once('}').expect("their end");
    let numbers =
        variants.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "));
    let numbers: Vec<u8> = numbers.map(|(_, number)| number.parse().expect("a number")).collect();
    assert_eq!(numbers, told.into_keys().collect::<Vec<_>>());
}

#[test]
fn completions_of_every_shell_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&["completions", shell]);
        for command in listed() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        for option in ["until-end", "password-file", "effective", "show-keys"] {
            assert!(script.contains(option), "{shell}: --{option}");
        }
    }
    // The shell that is here can read its own.
    let script = process::scratch("manners").join("trygg.bash");
    fs::write(&script, said(&["completions", "bash"])).expect("a script");
    let complete = "source \"$0\"; COMP_WORDS=(trygg ch); COMP_CWORD=1; _trygg trygg ch trygg; \
                    echo \"${COMPREPLY[*]}\"";
    let output = Command::new("bash").args(["-c", complete]).arg(&script).output().expect("bash");
    assert_eq!(text(&output.stdout).trim(), "check", "{}", text(&output.stderr));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = process::scratch("manners");
    said(&["man", folder.to_str().expect("UTF-8")]);
    let page = |name: &str| fs::read_to_string(folder.join(name)).expect("a page");
    assert!(page("trygg.1").contains(".TH trygg 1"));
    for command in listed() {
        let page = page(&format!("trygg-{command}.1"));
        assert!(page.contains("Examples:"), "{command}");
    }
    for command in SPOOL_COMMANDS {
        assert!(page(&format!("trygg-spool-{command}.1")).contains("Examples:"), "{command}");
    }
    let nowhere = trygg(&["man", "/dev/null/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(64));
    assert!(!nowhere.stderr.is_empty());
}

/// Runs a command whose standard output nobody reads.
fn unread(args: &[&str]) -> Output {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_trygg"));
    command.args(args).stdout(writer).stderr(Stdio::piped()).stdin(Stdio::null());
    command.spawn().expect("trygg").wait_with_output().expect("its end")
}

#[test]
fn a_closed_pipe_is_no_mistake_and_changes_no_verdict() {
    let _turn = turn::shared();
    let folder = process::scratch("manners");
    let wrong = folder.join("wrong.toml");
    fs::write(&wrong, "[kafka]\nbroker = []\n").expect("a file");
    let wrong = wrong.to_str().expect("UTF-8");
    let good = folder.join("good.toml");
    let key = "clear_names = true";
    let example = fs::read_to_string(EXAMPLE).expect("the example");
    let line = example.lines().find(|line| line.starts_with("key_file")).expect("a key");
    fs::write(&good, example.replace(line, key)).expect("a file");
    let good = good.to_str().expect("UTF-8");
    let dead = format!("mqtt://127.0.0.1:{}", free_port());
    let pub_to_nobody = ["pub", "--broker", &dead, "--topic", "t", "--message", "m"];
    let rows: [(&[&str], i32); 16] = [
        (&["--help"], 0),
        (&["--version"], 0),
        (&["pub", "--help"], 0),
        (&["check", good], 0),
        (&["check", wrong], 78),
        (&["check", wrong, "--output", "json"], 78),
        (&["config", "--defaults"], 0),
        (&["config", "--schema"], 0),
        (&["config", "--effective", good], 0),
        (&["config", "--effective", wrong], 78),
        (&["completions", "zsh"], 0),
        (&["simulate", "--print"], 0),
        (&["simulate", "--config"], 0),
        (&["demo", "--plain", "--homes", "1", "--duration", "1m"], 0),
        (&["tail", "--brokers", "127.0.0.1:1", "--from", "beginning", "--until-end"], 0),
        (&pub_to_nobody, 75),
    ];
    for (args, code) in rows {
        let output = unread(args);
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {complaint}");
        assert!(!complaint.contains("pipe") && !complaint.contains("panic"), "{complaint}");
        assert!(code == 75 || complaint.is_empty(), "{args:?}: {complaint}");
    }
    // A full disk is another matter.
    let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trygg"));
    let output = command.args(["config", "--defaults"]).stdout(full).output().expect("trygg");
    assert_eq!(output.status.code(), Some(75));
    assert!(text(&output.stderr).contains("No space left"), "{}", text(&output.stderr));
}

#[test]
fn an_engine_whose_log_nobody_reads_runs_on() {
    let _turn = turn::shared();
    let folder = process::scratch("manners");
    let file = folder.join("trygg.toml");
    let port = free_port();
    fs::write(
        &file,
        format!(
            "[[link]]\nname = 'l'\nhost = '127.0.0.1'\nport = {}\nclient_id = 'c'\n\
             [[link.filter]]\ntopic = 'homes/{{home}}/{{device}}'\nformat = 'json'\n\
             [kafka]\nbrokers = ['127.0.0.1:{}']\n[identity]\nclear_names = true\n\
             [admin]\nlisten = '127.0.0.1:{port}'\n",
            free_port(),
            free_port()
        ),
    )
    .expect("a file");
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
    command.args(["run", "--config"]).arg(&file).stderr(writer);
    let mut engine = process::spawn(command);
    let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).ok();
    wait::until("it lives", wait::SOON, answers);
    let kill = format!("kill -TERM {}", engine.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
    let ended = wait::until("its end", wait::SOON, || engine.try_wait().expect("wait"));
    assert_eq!(ended.code(), Some(0), "{ended}");
}
