//! The binary: parses the command line, prints, exits with a meaning. What it knows how to do lives in the other rooms.

mod cli;
mod commands;
mod context;
mod coverage;
mod exit;
mod file;
mod look_args;
mod output;
mod procedures;
mod reference;
mod render;
mod report;
mod service_args;
mod system;
mod table;
mod terminal;
mod translate;
mod usage;
mod walker_ui;

use clap::{CommandFactory as _, FromArgMatches as _};
use cli::{Cli, Command};
use context::Context;
use exit::Exit;
use report::Result;
use sereno_engine::session;
use sereno_model::Lang;
use sereno_platform::process;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A step's runner is started for every step, and a keeper stays for long: they take the short way, before anything is
    // parsed.
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(first), _) if first == session::RUNNER_COMMAND => return session::runner_main(),
        (Some(first), folder) if first == process::KEEPER_COMMAND => return process::keeper_main(folder.as_deref()),
        (Some(first), Some(what)) if first == "__reference" => return reference::print(&what.to_string_lossy()),
        _ => {}
    }
    let lang = context::language(context::language_argument(std::env::args_os()));
    let matches = match translate::command(Cli::command(), lang).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return wrong_usage(&error, lang),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&error, lang),
    };
    let lang = context::language(cli.global.lang);
    let context = usage::refuse_odd_paths(&Cli::command(), &matches).and_then(|()| Context::new(&cli.global, lang));
    let (lang, result) = match context {
        Ok(context) => (context.lang, dispatch(&context, &cli.command)),
        Err(failure) => (lang, Err(failure)),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.tell(lang, cli.global.format);
            failure.exit.into()
        }
    }
}

fn dispatch(context: &Context, command: &Command) -> Result<Exit> {
    if context.format == cli::Format::Sarif && !matches!(command, Command::Check(_)) {
        return Err(report::Failure::new(
            Exit::Usage,
            "only `sereno check` speaks SARIF",
            "solo `sereno check` habla SARIF",
        )
        .hint("use --format json", "use --format json"));
    }
    match command {
        Command::Init(args) => block_on(commands::init::init(context, args)),
        Command::Check(args) => commands::check::check(context, args),
        Command::Runbook(command) => commands::runbook::runbook(context, command),
        Command::Effects(args) => commands::effects::effects(context, args),
        Command::Plan(args) => block_on(commands::plan::plan(context, args)),
        Command::Run(args) => block_on(commands::run::run(context, args)),
        Command::Runs(command) => block_on(commands::runs::runs(context, command)),
        Command::Approve(args) => block_on(commands::approve::approve(context, args)),
        Command::Audit(command) => block_on(commands::audit::audit(context, command)),
        Command::Up(args) => block_on(commands::operation::up(context, args)),
        Command::Down(args) => block_on(commands::operation::down(context, args)),
        Command::Status(args) => block_on(commands::status::status(context, args)),
        Command::Logs(args) => block_on(commands::logs::logs(context, args)),
        Command::Events(args) => block_on(commands::events::events(context, args)),
        Command::Versions(args) => block_on(commands::versions::versions(context, args)),
        Command::Env(args) => block_on(commands::env::env(context, args)),
        Command::Disk(args) => block_on(commands::disk::disk(context, args)),
        Command::Cp(args) => block_on(commands::cp::cp(context, args)),
        Command::Restart(args) => block_on(commands::operation::restart(context, args)),
        Command::Scale(args) => block_on(commands::operation::scale(context, args)),
        Command::Maintenance(command) => block_on(commands::maintenance::maintenance(context, command)),
        Command::Secret(command) => block_on(commands::secret::secret(context, command)),
        Command::Unstick(args) => block_on(commands::operation::unstick(context, args)),
        Command::Exec(args) => block_on(commands::operation::exec(context, args)),
        Command::Stop(args) => block_on(commands::operation::stop(context, args)),
        Command::Resume(args) => block_on(commands::operation::resume(context, args)),
        Command::Operate(args) => block_on(commands::operate::operate(context, args)),
    }
}

fn block_on(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        report::Failure::new(Exit::Failed, format!("cannot start: {error}"), format!("no se puede iniciar: {error}"))
    })?;
    runtime.block_on(work)
}

/// A wrong command line, or the help or version that was asked for.
fn wrong_usage(error: &clap::Error, lang: Lang) -> ExitCode {
    let format = context::format_argument(std::env::args_os());
    if error.use_stderr() && format != cli::Format::Text {
        usage::failure(error).tell(lang, format);
        return Exit::Usage.into();
    }
    match usage::in_spanish(error).filter(|_| lang == Lang::Es) {
        Some(text) => output::say(text),
        None => {
            // Nothing can be told about a stream that is gone.
            let _ = error.print();
        }
    }
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}
