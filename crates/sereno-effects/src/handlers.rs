//! Readers for commands that data alone cannot describe.

mod builtins;
mod shells;

use crate::analyzer::Analyzer;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use std::ops::Range;

impl Analyzer<'_> {
    /// Reads a command by a named reader; `false` when the rules of the data files are to decide after all.
    pub(crate) fn handle(&mut self, handler: &str, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        match handler {
            "shell" => self.shell_program(command, span, place),
            "eval" => self.eval(command, place),
            "source" => self.source_file(command, place),
            "alias" => self.alias_definition(command, place),
            "echo" => self.echo(command),
            "cat" => self.cat(command, place),
            "decode" => self.decode(command, place),
            "fetch" => self.fetched(command),
            "read" => self.read_line(command, span, place),
            "exec" => self.exec(command, span, place),
            "trap" => self.trap(command, place),
            "script" => self.script_of_tool(command),
            "find" => self.find_files(command, span, place),
            "xargs" => self.xargs(command, span, place),
            "su" => self.su(command, place),
            "silent" => {
                self.output = Stream::text("");
                false
            }
            _ => false,
        }
    }
}
