//! The terminal before the executor: what it shows and what it asks.

use crate::output;
use crate::render::{self, BOLD, CYAN, DIM, RED, YELLOW, styled};
use crate::terminal::Terminal;
use sereno_engine::plan::{Action, Approval, PlanStep};
use sereno_engine::run::{Decision, Ending, Person, RunState, StepReport, WhyPerson};
use sereno_engine::walk::{Answer, Stream, Ui, Verdict};
use sereno_model::{Lang, Outcome, Risk, RunId, Text};
use std::io::Write as _;
use std::time::Duration;

/// How the person who runs this wants to be asked.
#[derive(Debug)]
pub(crate) struct Manners {
    pub(crate) lang: Lang,
    /// `--yes`: the operator's yes to changes, given beforehand.
    pub(crate) yes: bool,
    pub(crate) reason: Option<String>,
    pub(crate) wait: bool,
    pub(crate) skip_manual: bool,
    pub(crate) json: bool,
    /// Whether only one person is configured, so that a typed word after a pause stands in for the second.
    pub(crate) alone: bool,
    pub(crate) pause: Duration,
    pub(crate) person: Person,
    /// Whether this person may say yes to changes.
    pub(crate) may_operate: bool,
    /// Whether this person may approve destruction.
    pub(crate) may_approve: bool,
}

pub(crate) struct WalkerUi {
    manners: Manners,
    terminal: Option<Terminal>,
    run: RunId,
    /// The last byte shown, so that a heading begins on a line of its own.
    at_line_start: bool,
}

impl WalkerUi {
    pub(crate) fn new(manners: Manners, run: RunId) -> Self {
        let terminal = if manners.json { None } else { Terminal::open() };
        Self { manners, terminal, run, at_line_start: true }
    }

    fn t<'t>(&self, en: &'t str, es: &'t str) -> &'t str {
        match self.manners.lang {
            Lang::En => en,
            Lang::Es => es,
        }
    }

    fn event(&self, value: &serde_json::Value) {
        if self.manners.json {
            output::event(value);
        }
    }

    fn begin_line(&mut self) {
        if !self.at_line_start {
            output::say("");
            self.at_line_start = true;
        }
    }

    fn say(&mut self, text: impl std::fmt::Display) {
        self.begin_line();
        output::say(text);
    }

    fn reason(&self, typed: Option<String>) -> String {
        typed.filter(|t| !t.trim().is_empty()).or_else(|| self.manners.reason.clone()).unwrap_or_default()
    }

    /// The steps that one yes covers, as they will run.
    fn show_steps(&mut self, state: &RunState, steps: &[usize]) {
        for &index in steps {
            let step = &state.plan.steps[index];
            let risk = styled(render::risk_style(step.risk), render::risk_word(step.risk, self.manners.lang));
            self.say(format!("  {:>2}. {risk}  {}", step.number, styled(BOLD, &step.title)));
            for effect in step.effects.iter().filter(|e| e.risk > Risk::Observe) {
                let text = effect.text.get(self.manners.lang).to_owned();
                self.say(format!("        {}", render::visible(&text)));
            }
            for line in step.text.lines() {
                self.say(styled(DIM, format!("        {line}")));
            }
            for line in render::files(step, self.manners.lang) {
                self.say(format!("        {line}"));
            }
        }
        let failed: Vec<String> = state
            .steps
            .iter()
            .zip(&state.plan.steps)
            .filter(|(s, _)| s.outcome() == Some(Outcome::Failed))
            .map(|(_, p)| p.number.to_string())
            .collect();
        if !failed.is_empty() {
            let words = self.t("steps that failed so far", "pasos que fallaron hasta ahora");
            let line = styled(YELLOW, format!("  {words}: {}", failed.join(", ")));
            self.say(line);
        }
    }

    fn operator(&mut self, raw: bool) -> Answer {
        let prompt = match (raw, self.manners.lang) {
            (false, Lang::En) => "Run them? [y/N] ",
            (false, Lang::Es) => "¿Ejecutarlos? [s/N] ",
            (true, Lang::En) => "Sereno does not understand this command. You have read it: run it? [y/N] ",
            (true, Lang::Es) => "Sereno no entiende este comando. Ya lo leyó: ¿ejecutarlo? [s/N] ",
        };
        let Some(terminal) = &mut self.terminal else { return self.elsewhere() };
        match terminal.ask(prompt) {
            Some(answer) if is_yes(&answer) => Answer::Yes { reason: self.reason(None), word: None, stand_in: false },
            Some(_) => Answer::No { reason: self.t("the operator said no", "el operador dijo que no").to_owned() },
            None => Answer::Leave,
        }
    }

    /// Destruction: a second person, or, where only one is configured, a pause and a typed word.
    fn second_person(&mut self, state: &RunState, word: &str) -> Answer {
        if !state.started_by.is_same(&self.manners.person) {
            return self.type_word(word, false);
        }
        if !self.manners.alone {
            let run = self.run.clone();
            let text = match self.manners.lang {
                Lang::En => format!("A second person must approve this: sereno approve {run}"),
                Lang::Es => format!("Una segunda persona debe aprobar esto: sereno approve {run}"),
            };
            self.say(styled(YELLOW, text));
            return self.elsewhere();
        }
        if self.terminal.is_none() {
            return self.elsewhere();
        }
        let text = self.t(
            "Only one person is configured: a pause and a typed word stand in for the second person. The journal says so.",
            "Hay una sola persona configurada: una pausa y una palabra escrita reemplazan a la segunda. La bitácora lo dice.",
        );
        let text = styled(YELLOW, text);
        self.say(text);
        let words = self.t("read the commands once more:", "lea los comandos una vez más:").to_owned();
        let pause = self.manners.pause;
        if let Some(terminal) = &mut self.terminal {
            terminal.pause(pause, &words);
        }
        self.type_word(word, true)
    }

    fn type_word(&mut self, word: &str, stand_in: bool) -> Answer {
        let prompt = match self.manners.lang {
            Lang::En => format!("Type {word} to go on, anything else to give up: "),
            Lang::Es => format!("Escriba {word} para seguir, cualquier otra cosa para abandonar: "),
        };
        let Some(terminal) = &mut self.terminal else { return self.elsewhere() };
        match terminal.ask(&prompt) {
            Some(typed) if typed.trim() == word => {
                Answer::Yes { reason: self.reason(None), word: Some(word.to_owned()), stand_in }
            }
            Some(_) => Answer::No { reason: self.t("the word was not typed", "no se escribió la palabra").to_owned() },
            None => Answer::Leave,
        }
    }

    fn elsewhere(&self) -> Answer {
        if self.manners.wait { Answer::Wait } else { Answer::Leave }
    }
}

/// Whether an answer is a yes in either language.
pub(crate) fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "s" | "si" | "sí")
}

impl Ui for WalkerUi {
    fn approve(&mut self, state: &RunState, steps: &[usize]) -> Answer {
        let Some(first) = steps.first().map(|&index| state.plan.steps[index].clone()) else { return Answer::Leave };
        let by_operator = matches!(first.approval, Approval::Operator | Approval::None);
        if by_operator && self.manners.yes && self.manners.may_operate {
            let reason = self.reason(None);
            return Answer::Yes { reason, word: None, stand_in: false };
        }
        let heading = match self.manners.lang {
            Lang::En => format!("Approval needed (plan {}):", state.plan.digest.short()),
            Lang::Es => format!("Hace falta aprobación (plan {}):", state.plan.digest.short()),
        };
        self.say(styled(BOLD, heading));
        self.show_steps(state, steps);
        let second = matches!(first.approval, Approval::SecondPerson { .. });
        if !(self.manners.may_approve || (self.manners.may_operate && !second)) {
            let text = self.t("your role may not approve", "tu rol no puede aprobar").to_owned();
            self.say(styled(YELLOW, text));
            return self.elsewhere();
        }
        match &first.approval {
            Approval::None | Approval::Operator => self.operator(false),
            Approval::ReadRaw => self.operator(true),
            Approval::SecondPerson { word } => self.second_person(state, &word.clone()),
        }
    }

    fn decide(&mut self, state: &RunState, step: usize, why: WhyPerson) -> Verdict {
        let planned = &state.plan.steps[step];
        if why == WhyPerson::Manual && self.manners.skip_manual {
            let reason = self
                .t("a person's step, left out with --skip-manual", "paso de una persona, omitido con --skip-manual");
            return Verdict::Decide { decision: Decision::Skip, reason: reason.to_owned() };
        }
        if why == WhyPerson::Manual {
            self.say(format!("{:>2}. {}", planned.number, styled(BOLD, &planned.title)));
            if let Action::Person { why } = &planned.action {
                let why = why.get(self.manners.lang).to_owned();
                self.say(styled(YELLOW, format!("    {why}")));
            }
            for line in planned.text.lines() {
                self.say(format!("    {line}"));
            }
        }
        let has_if_fails = state.plan.steps.iter().any(|s| s.if_fails) && !state.failing;
        let prompt = match (why, self.manners.lang) {
            (WhyPerson::Manual, Lang::En) => "Done? [d]one / [s]kip / [q]uit for now: ",
            (WhyPerson::Manual, Lang::Es) => "¿Hecho? [h]echo / [o]mitir / [q] salir por ahora: ",
            (WhyPerson::Failed, Lang::En) => {
                "It failed. [r]etry / [s]kip / [d]one by hand / [f] if-it-fails steps / [c]ancel / [q]uit for now: "
            }
            (WhyPerson::Failed, Lang::Es) => {
                "Falló. [r]eintentar / [o]mitir / [h]echo a mano / [f] pasos si falla / [c]ancelar / [q] salir por ahora: "
            }
            (WhyPerson::Unknown, Lang::En) => {
                "Nobody can tell how it ended. Look at the system. [r]etry / [s]kip / [d]one / [c]ancel / [q]uit for now: "
            }
            (WhyPerson::Unknown, Lang::Es) => {
                "Nadie puede decir cómo terminó. Mire el sistema. [r]eintentar / [o]mitir / [h]echo / [c]ancelar / [q] salir por ahora: "
            }
        };
        loop {
            let Some(terminal) = &mut self.terminal else { return Verdict::Leave };
            let Some(answer) = terminal.ask(prompt) else { return Verdict::Leave };
            let decision = match answer.trim().to_lowercase().as_str() {
                "q" | "" => return Verdict::Leave,
                "c" => {
                    return Verdict::Cancel {
                        reason: self.t("given up at the terminal", "abandonada en la terminal").to_owned(),
                    };
                }
                "r" if why != WhyPerson::Manual => Decision::Retry,
                "s" | "o" => Decision::Skip,
                "d" | "h" => Decision::Done,
                "f" if has_if_fails && why == WhyPerson::Failed => Decision::IfFails,
                _ => continue,
            };
            let ask = self.t("Why (for the journal): ", "Por qué (para la bitácora): ").to_owned();
            let typed = self.terminal.as_mut().and_then(|terminal| terminal.ask(&ask));
            return Verdict::Decide { decision, reason: self.reason(typed) };
        }
    }

    fn has_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    fn step_started(&mut self, step: &PlanStep, attempt: u32) {
        self.event(&serde_json::json!({ "event": "step.started", "run": self.run, "step": step.number, "id": step.id, "attempt": attempt }));
        let again = if attempt > 1 { format!(" (×{attempt})") } else { String::new() };
        let risk = styled(render::risk_style(step.risk), render::risk_word(step.risk, self.manners.lang));
        self.say(format!(
            "{} {}{again}  {risk}",
            styled(CYAN, format!("▶ {}.", step.number)),
            styled(BOLD, &step.title)
        ));
        for line in step.text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()) {
            self.say(styled(DIM, format!("    $ {line}")));
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        if self.manners.json {
            let text = String::from_utf8_lossy(bytes);
            let stream = if stream == Stream::Stderr { "stderr" } else { "stdout" };
            self.event(&serde_json::json!({ "event": "output", "run": self.run, "stream": stream, "text": text }));
            return;
        }
        // A terminal that went away must not end the run: the record is the runner's.
        let _ = match stream {
            Stream::Stderr => std::io::stderr().lock().write_all(bytes),
            Stream::Stdout => std::io::stdout().lock().write_all(bytes).and_then(|()| std::io::stdout().flush()),
        };
        if let Some(&last) = bytes.last() {
            self.at_line_start = last == b'\n';
        }
    }

    fn step_finished(&mut self, step: &PlanStep, report: &StepReport) {
        self.event(
            &serde_json::json!({ "event": "step.finished", "run": self.run, "step": step.number, "report": report }),
        );
        let word =
            styled(render::outcome_style(report.outcome), render::outcome_word(report.outcome, self.manners.lang));
        let mut notes = vec![duration(report.duration_ms)];
        if let Some(code) = report.exit_code.filter(|&code| code != 0) {
            notes.push(format!("exit {code}"));
        }
        if let Some(signal) = report.signal {
            notes.push(format!("signal {signal}"));
        }
        if report.timed_out {
            notes.push(self.t("timed out", "tiempo agotado").to_owned());
        }
        if report.followed {
            notes.push(self.t("followed for its time", "seguido por su tiempo").to_owned());
        }
        if report.ended_script {
            notes.push(self.t("the script ended itself here", "el script terminó aquí por sí mismo").to_owned());
        }
        if let (Some(expects), Some(met)) = (&step.expects, report.expectation_met) {
            notes.push(match (met, self.manners.lang) {
                (true, Lang::En) => format!("{expects} was seen"),
                (true, Lang::Es) => format!("se vio {expects}"),
                (false, Lang::En) => format!("{expects} was NOT seen"),
                (false, Lang::Es) => format!("NO se vio {expects}"),
            });
        }
        if report.dropped_bytes > 0 {
            let size = bytes(report.dropped_bytes);
            notes.push(match self.manners.lang {
                Lang::En => format!("of the output's middle {size} were not kept"),
                Lang::Es => format!("del medio de la salida no se guardaron {size}"),
            });
        }
        if report.left_running > 0 {
            let words = self.t("left running in the background", "procesos quedaron en segundo plano");
            notes.push(format!("{} {words}", report.left_running));
        }
        notes.extend(report.note.as_ref().map(|note| note.get(self.manners.lang).to_owned()));
        self.say(format!("  {word}  {}", styled(DIM, notes.join(" · "))));
    }

    fn notice(&mut self, text: &Text) {
        let text = text.get(self.manners.lang).to_owned();
        self.say(styled(DIM, format!("  {text}")));
    }

    fn ended(&mut self, run: &RunId, ending: Ending) {
        self.event(&serde_json::json!({ "event": "run.ended", "run": run, "ending": ending }));
        let (style, words) = match (ending, self.manners.lang) {
            (Ending::Verified, Lang::En) => (render::GREEN, "done and verified"),
            (Ending::Verified, Lang::Es) => (render::GREEN, "hecho y verificado"),
            (Ending::Done, Lang::En) => (render::GREEN, "done; nothing here proves it"),
            (Ending::Done, Lang::Es) => (render::GREEN, "hecho; nada aquí lo comprueba"),
            (Ending::Failed, Lang::En) => (RED, "failed"),
            (Ending::Failed, Lang::Es) => (RED, "falló"),
            (Ending::Cancelled, Lang::En) => (YELLOW, "cancelled"),
            (Ending::Cancelled, Lang::Es) => (YELLOW, "cancelada"),
        };
        self.say(format!("{} {}", styled(BOLD, run), styled(style, words)));
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{:.1} KiB", count as f64 / 1024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{:.1} s", ms as f64 / 1000.0),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}
