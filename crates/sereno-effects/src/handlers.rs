//! Readers for commands that data alone cannot describe.

mod builtins;
mod clients;
mod consoles;
mod filters;
mod interpreters;
mod platforms;
mod shells;
mod tools;

use crate::analyzer::Analyzer;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use std::ops::Range;

impl Analyzer<'_> {
    /// Reads a command by a named reader; `false` when the rules of the data files are to decide after all.
    pub(crate) fn handle(
        &mut self,
        handler: &str,
        command: &Invocation<'_>,
        span: &Range<usize>,
        place: &Place,
    ) -> bool {
        match handler {
            "shell" => self.shell_program(command, span, place),
            "eval" => self.eval(command, place),
            "source" => self.source_file(command, place),
            "alias" => self.alias_definition(command, place),
            "echo" => self.echo(command, span, place),
            "cat" => self.cat(command, place),
            "decode" => self.decode(command, place),
            "fetch" => self.fetched(command),
            "read" => self.read_line(command, span, place),
            "exec" => self.exec(command, span, place),
            "trap" => self.trap(command, place),
            "script" => self.script_of_tool(command, place),
            "find" => self.find_files(command, span, place),
            "xargs" => self.xargs(command, span, place),
            "at" => self.later(place),
            "su" => self.su(command, place),
            "sql" => self.sql_client(command, place),
            "redis" => self.redis(command, span, place),
            "mongo" => self.mongo(command, place),
            "tar" => self.tar(command, place),
            "dd" => self.dd(command),
            "tee" => self.tee(command, place),
            "mv" => self.mv(command),
            "sed" => self.sed(command),
            "awk" => self.awk(command, span, place),
            "interpreter" => self.interpreter(command, span, place),
            "env" => self.env(command, span, place),
            "run_as" => self.run_as(command, span, place),
            "flock" | "typescript" => self.with_text_option(command, place),
            "fd" => self.fd(command, span, place),
            "kubectl_run" => self.kubectl_run(command, span, place),
            "compose" => self.compose(command, span, place),
            "jobs" => self.jobs(),
            "cloud_verbs" => self.cloud_verbs(command),
            "platform_run" => self.platform_run(command, span, place),
            "option_command" | "aws_exec" => self.option_command(command, place),
            "sql_argument" => self.sql_argument(command, place),
            "ansible_shell" => self.ansible_shell(command, place),
            "ansible_service" => self.ansible_service(command),
            "playbook" => self.playbook(command),
            "npm_script" => self.named_script(command, 1),
            "script_name" => self.named_script(command, 0),
            "npm_bare" => self.npm_bare(command, span, place),
            "script_file" => self.script_file(command),
            "code_argument" => self.code_argument(command),
            "console" => self.console_code(command, place),
            "runs_value" => self.runs_value(command, place),
            "expands_value" => self.expands_value(command),
            "directories" => self.directories(command),
            "sql_option" => self.sql_option(command, place),
            "sql_console" => self.sql_console(command, place),
            "netcat" => self.netcat(command, span, place),
            "silent" => {
                self.output = Stream::text("");
                false
            }
            _ => false,
        }
    }
}

/// Whether a name ends in this extension, in any case.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
