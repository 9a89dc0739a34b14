//! In a block of shell: which lines the shell may be given, and what the others are.
//!
//! The rule is caution: where prompts show, only prompted lines run; where they do not, a line runs only if it is shaped
//! like a command or stands inside a loop, a condition or a function.

use super::command::certain_shape;
use super::kind::Kind;
use super::lines::Line;
use super::{dialect, form};

/// What a line of a shell block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Blank,
    Comment,
    /// Given to the shell, without its prompt.
    Run,
    /// Never given to a shell.
    Foreign(Foreign),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Foreign {
    Config,
    Env,
    Promql,
    Repl,
    Output,
    /// A person's line that lacks its `#`.
    Prose,
}

impl Foreign {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Env => "env",
            Self::Promql => "promql",
            Self::Repl => "repl",
            Self::Output => "output",
            Self::Prose => "prose",
        }
    }
}

pub(super) fn roles(lines: &[Line]) -> Vec<Role> {
    let prompted = lines.iter().any(|line| line.kind == Kind::ShellPrompt);
    let angle_is_shell = !prompted && form::angle_commands(lines);
    let all_typed = prompted
        && lines.iter().all(|line| line.kind != Kind::Command || certain_shape(line.text.trim(), &|_| false))
        && !lines.iter().any(is_unprompted_other);
    let mut past = Past { all_typed, ..Past::default() };
    lines
        .iter()
        .map(|line| {
            let role = past.role(line, prompted, angle_is_shell);
            past.remember(line, role);
            role
        })
        .collect()
}

/// A line of no known kind with no command above that could have printed it: perhaps a command that nobody knows.
pub(super) fn prints_before_any_command(lines: &[Line], roles: &[Role]) -> bool {
    lines.iter().zip(roles).take_while(|(_, role)| **role != Role::Run).any(|(line, role)| {
        *role == Role::Foreign(Foreign::Output) && matches!(line.kind, Kind::Unknown | Kind::WeakCommand | Kind::Figure)
    })
}

/// A line that neither shows a prompt nor could be typed.
fn is_unprompted_other(line: &Line) -> bool {
    !line.kind.is_silent()
        && !matches!(line.kind, Kind::ShellPrompt | Kind::Command | Kind::Continued | Kind::Export | Kind::Assignment)
}

/// What the lines above say about the next.
#[derive(Default)]
struct Past<'a> {
    last: Option<Role>,
    /// The last line that was given to the shell.
    command: Option<&'a str>,
    /// The comment directly above, blank lines apart.
    comment: Option<&'a str>,
    /// Among prompts, the lines without one are commands too, every one of them.
    all_typed: bool,
    /// Open loops, conditions, functions and arrays.
    depth: usize,
    /// A file's lines have begun and go on until a blank line or a comment.
    in_file: Option<Foreign>,
}

impl<'a> Past<'a> {
    fn role(&self, line: &Line<'a>, prompted: bool, angle_is_shell: bool) -> Role {
        match line.kind {
            Kind::Blank => return Role::Blank,
            Kind::Comment | Kind::OtherComment if self.in_file.is_none() || !line.text.starts_with(' ') => {
                return if line.kind == Kind::Comment { Role::Comment } else { Role::Foreign(Foreign::Prose) };
            }
            Kind::Continued => return self.last.unwrap_or(Role::Run),
            Kind::ShellPrompt => return Role::Run,
            Kind::Angle if angle_is_shell => return Role::Run,
            Kind::Client | Kind::Angle => return Role::Foreign(Foreign::Repl),
            _ => {}
        }
        if self.depth > 0 {
            return Role::Run;
        }
        if let Some(file) = self.in_file
            && (line.text.starts_with(' ') || !matches!(line.kind, Kind::Command | Kind::LikelyCommand | Kind::Export))
        {
            return Role::Foreign(file);
        }
        if prompted {
            return self.unprompted_among_prompts(line);
        }
        self.unprompted(line)
    }

    fn unprompted_among_prompts(&self, line: &Line) -> Role {
        let before_any = self.command.is_none();
        let commanded = matches!(line.kind, Kind::Command | Kind::Export | Kind::Assignment);
        if commanded && (before_any || self.all_typed) {
            return Role::Run;
        }
        Role::Foreign(self.foreign(line))
    }

    fn unprompted(&self, line: &Line) -> Role {
        match line.kind {
            Kind::Command | Kind::LikelyCommand | Kind::Export => Role::Run,
            Kind::Assignment => {
                let for_file = self.comment.is_some_and(form::names_env_file) || self.in_file == Some(Foreign::Env);
                if for_file { Role::Foreign(Foreign::Env) } else { Role::Run }
            }
            Kind::WeakCommand if !matches!(self.last, Some(Role::Foreign(Foreign::Output))) => Role::Run,
            Kind::Directive if line.text.trim() == "}" => Role::Run,
            _ => Role::Foreign(self.foreign(line)),
        }
    }

    fn foreign(&self, line: &Line) -> Foreign {
        match line.kind {
            Kind::Cron => Foreign::Config,
            Kind::Promql => Foreign::Promql,
            Kind::Sql | Kind::ClientLine => Foreign::Repl,
            _ if dialect::is_redis(line.text) => Foreign::Repl,
            Kind::Assignment if self.comment.is_some_and(form::names_env_file) => Foreign::Env,
            kind if kind.is_config() || matches!(kind, Kind::Json | Kind::HttpHeader) => {
                let edits = self.command.is_some_and(|command| EDITORS.iter().any(|editor| command.contains(editor)));
                let printed =
                    matches!(self.last, Some(Role::Run | Role::Foreign(Foreign::Output))) && self.comment.is_none();
                if edits || !printed { Foreign::Config } else { Foreign::Output }
            }
            Kind::Prose | Kind::Url | Kind::Bullet | Kind::Unknown
                if self.last != Some(Role::Foreign(Foreign::Output)) && self.comment.is_some() =>
            {
                Foreign::Prose
            }
            Kind::Prose if self.command.is_none() => Foreign::Prose,
            _ => Foreign::Output,
        }
    }

    fn remember(&mut self, line: &Line<'a>, role: Role) {
        match role {
            Role::Blank => {
                if matches!(self.in_file, Some(Foreign::Env | Foreign::Repl)) {
                    self.in_file = None;
                }
                return;
            }
            Role::Comment => {
                self.comment = Some(line.text);
                self.in_file = None;
                self.last = Some(role);
                return;
            }
            Role::Run => {
                self.in_file = None;
                if line.kind != Kind::Continued {
                    self.command = Some(line.payload());
                }
                self.depth = depth_after(self.depth, line);
            }
            Role::Foreign(found) => {
                let sql_goes_on = line.kind == Kind::Sql && !line.text.trim_end().ends_with(';');
                let sql_ends = self.in_file == Some(Foreign::Repl) && line.text.trim_end().ends_with(';');
                if matches!(found, Foreign::Config | Foreign::Env) || sql_goes_on {
                    self.in_file = Some(found);
                } else if sql_ends {
                    self.in_file = None;
                }
            }
        }
        self.comment = None;
        self.last = Some(role);
    }
}

/// Commands after which a file's lines are meant to be edited, not printed.
const EDITORS: &[&str] = &["vi ", "vim ", "nano ", "edit ", "emacs ", "crontab -e", "visudo", "code "];

fn depth_after(depth: usize, line: &Line) -> usize {
    if line.kind == Kind::Continued {
        return depth;
    }
    let text = line.payload();
    let first = text.split([' ', ';', '\t']).next().unwrap_or_default();
    let words = || text.split([' ', ';', '\t']);
    let opens = match first {
        "if" => usize::from(!words().any(|word| word == "fi")),
        "for" | "while" | "until" => usize::from(!words().any(|word| word == "done")),
        "case" => usize::from(!words().any(|word| word == "esac")),
        _ if text.ends_with("() {") || text.ends_with("(){") || (first == "function" && text.ends_with('{')) => 1,
        _ if text.ends_with("=(") => 1,
        "{" | "(" => 1,
        _ if text.ends_with("| while read line; do") || text.ends_with("; do") => 1,
        _ => 0,
    };
    let closes = usize::from(matches!(first, "fi" | "done" | "esac" | "}" | ")") || first == "})");
    (depth + opens).saturating_sub(closes)
}

#[cfg(test)]
mod tests {
    use super::super::lines::lines;
    use super::super::tag::Tag;
    use super::*;

    fn roles_of(text: &str) -> Vec<Role> {
        roles(&lines(text, Tag::Shell, &|_| false))
    }

    #[test]
    fn yaml_to_paste_is_not_run() {
        assert_eq!(
            roles_of(
                "# Más memoria en compose.yml\nservices:\n  app:\n    memory: 2G\n\n# Aplicar\ndocker compose up -d"
            ),
            [
                Role::Comment,
                Role::Foreign(Foreign::Config),
                Role::Foreign(Foreign::Config),
                Role::Foreign(Foreign::Config),
                Role::Blank,
                Role::Comment,
                Role::Run
            ]
        );
    }

    #[test]
    fn settings_for_a_file_are_told_from_variables() {
        assert_eq!(
            roles_of(
                "# Subir el pool en .env.production\nDB_POOL=20\nDB_IDLE=5\n\n# Reiniciar\nNS=prod\ndocker compose restart api"
            ),
            [
                Role::Comment,
                Role::Foreign(Foreign::Env),
                Role::Foreign(Foreign::Env),
                Role::Blank,
                Role::Comment,
                Role::Run,
                Role::Run
            ]
        );
    }

    #[test]
    fn lines_of_a_client_are_foreign() {
        assert_eq!(
            roles_of("docker exec -it cache redis-cli\n> LLEN jobs\n> LRANGE jobs 0 5"),
            [Role::Run, Role::Foreign(Foreign::Repl), Role::Foreign(Foreign::Repl)]
        );
        assert_eq!(
            roles_of("# 2. En Prometheus\nrate(http_requests_total{status=\"429\"}[5m])")[1],
            Role::Foreign(Foreign::Promql)
        );
    }

    #[test]
    fn among_prompts_the_rest_is_output() {
        assert_eq!(
            roles_of("$ kubectl get pods\nNAME   READY\nweb-1  1/1\n$ uptime\nls up"),
            [
                Role::Run,
                Role::Foreign(Foreign::Output),
                Role::Foreign(Foreign::Output),
                Role::Run,
                Role::Foreign(Foreign::Output)
            ]
        );
    }

    #[test]
    fn bodies_of_loops_run() {
        assert_eq!(
            roles_of("for i in 1 2; do\n  helper_of_mine\ndone\nhosts=(\n  web1\n  web2\n)\nls"),
            [Role::Run; 8]
        );
    }
}
