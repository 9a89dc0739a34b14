//! What a keeper says of its instance, and what is concluded from it.

use super::order::{Order, Want};
use super::proc::{self, Identity};
use crate::{ExitReason, Instance, InstanceState, LastExit, Limits};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::{Digest, Text};

/// The state of an instance, as its keeper replaces it at each change.
///
/// A keeper of an earlier version may lack a field: it goes on for as long as its program does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// The number of the last order that was carried out, or is being carried out.
    pub(super) order: u64,
    /// Which start of the machine this is of.
    pub(super) boot_id: String,
    pub(super) phase: Phase,
    /// The program's first process, as long as it is there.
    pub(super) child: Option<Identity>,
    /// Its last start, or the last attempt at one: its mark.
    pub(super) started_at: Option<Timestamp>,
    pub(super) health: Health,
    /// What the last failing check met.
    pub(super) check: Option<Text>,
    /// How often it was started again without anybody's order.
    pub(super) restarts: u32,
    pub(super) last_exit: Option<LastExit>,
    /// What is worth knowing about that exit.
    pub(super) remark: Option<Text>,
    /// When it is started again.
    pub(super) again_at: Option<Timestamp>,
    /// What it was made of.
    pub(super) definition: Option<Digest>,
    /// Lines that could not be kept.
    pub(super) lost_lines: u64,
}

/// What the keeper is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Nothing has been done yet.
    #[default]
    New,
    Running,
    /// What runs is being ended.
    Ending,
    /// It ended, and is started again in a while.
    Waiting,
    /// Nothing runs, nothing will, and the keeper has left.
    Ended,
}

/// What the checks say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// Nobody checks.
    #[default]
    Unchecked,
    /// It has not answered yet.
    Starting,
    Healthy,
    Failing,
}

/// All that can be known of an instance from outside.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) name: String,
    pub(super) order: Option<Order>,
    /// `Err`: there is a state or an order, and it cannot be read.
    pub(super) state: Result<Option<State>, Text>,
    pub(super) is_kept: bool,
    pub(super) is_child_alive: bool,
    /// What it would be made of now; `None` when it is not declared any more.
    pub(super) definition: Option<Digest>,
}

impl Look {
    /// Whether it belongs to its component: one that was taken away does only as long as something of it is there.
    pub(super) fn is_listed(&self) -> bool {
        match self.order.as_ref().map(|order| &order.want) {
            None => self.state.is_err(),
            Some(Want::Remove) => self.is_kept || self.is_child_alive,
            Some(_) => true,
        }
    }

    /// Whether it should run, or have run to its end.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.order.as_ref().map(|order| &order.want), Some(Want::Run | Want::Replace { .. }))
    }

    pub(super) fn instance(&self) -> Instance {
        let id = Digest::of(&self.name).as_str().chars().take(12).collect();
        let mut instance = Instance {
            id,
            name: self.name.clone(),
            state: InstanceState::Created,
            checked: false,
            started_at: None,
            restarts: 0,
            last_exit: None,
            why: None,
            usage: None,
            limits: Limits::default(),
        };
        match &self.state {
            Err(why) => {
                instance.state = InstanceState::Unknown;
                instance.why = Some(why.clone());
            }
            Ok(None) if self.is_wanted() => instance.why = Some(self.keeper_gone()),
            Ok(None) => {}
            Ok(Some(state)) => self.fill(&mut instance, state),
        }
        instance
    }

    fn fill(&self, instance: &mut Instance, state: &State) {
        // Where the keeper is gone nobody checks.
        instance.checked = self.is_kept && state.health != Health::Unchecked;
        instance.started_at = state.started_at;
        instance.restarts = state.restarts;
        instance.state = self.state_of(state);
        let is_up = matches!(instance.state, InstanceState::Running | InstanceState::Starting);
        instance.last_exit = state.last_exit.clone().filter(|_| !is_up);
        let keeper_gone = (!self.is_kept && state.phase != Phase::Ended).then(|| self.keeper_gone());
        let old = self.is_kept && self.is_child_alive && self.definition.is_some();
        let is_old = old && self.definition != state.definition;
        instance.why = keeper_gone
            .or_else(|| state.check.clone().filter(|_| self.is_child_alive && state.health != Health::Healthy))
            .or_else(|| state.remark.clone().filter(|_| !is_up))
            .or_else(|| lost(state.lost_lines))
            .or_else(|| is_old.then(|| earlier_definition(&self.name)));
    }

    /// A state whose keeper is gone is a memory; only what `/proc` shows of it holds.
    fn state_of(&self, state: &State) -> InstanceState {
        match (state.phase, self.is_kept, self.is_child_alive) {
            (Phase::Ended, _, false) => InstanceState::Exited,
            // Nobody looks after it.
            (_, false, true) => InstanceState::Unhealthy,
            (_, false, false) => InstanceState::Exited,
            (Phase::Ending, true, _) => InstanceState::Terminating,
            (Phase::Waiting, true, _) => InstanceState::Restarting,
            (Phase::New, true, _) => InstanceState::Created,
            (Phase::Running | Phase::Ended, true, alive) => match state.health {
                // The keeper has not seen it yet, or cannot write what it saw.
                _ if !alive => InstanceState::Exited,
                Health::Unchecked | Health::Healthy => InstanceState::Running,
                Health::Starting => InstanceState::Starting,
                Health::Failing => InstanceState::Unhealthy,
            },
        }
    }

    fn keeper_gone(&self) -> Text {
        let (en, es) = if self.is_child_alive {
            ("it still runs, and its keeper is gone", "sigue en marcha, y su guardián ya no está")
        } else {
            ("its keeper is gone", "su guardián ya no está")
        };
        Text::new(format!("{en}: sereno up"), format!("{es}: sereno up"))
    }
}

/// Whether the process of a state is there: of this start of the machine, and the same one.
pub(super) fn is_child_alive(state: &State) -> bool {
    state.boot_id == proc::boot_id() && state.child.as_ref().is_some_and(Identity::is_alive)
}

fn lost(lines: u64) -> Option<Text> {
    (lines > 0).then(|| {
        Text::new(
            format!("{lines} lines of its log could not be written"),
            format!("{lines} líneas de su registro no se pudieron escribir"),
        )
    })
}

fn earlier_definition(name: &str) -> Text {
    let component = name.rsplit_once('.').map_or(name, |(component, _)| component);
    Text::new(
        format!("it runs an earlier definition: sereno restart {component}"),
        format!("corre una definición anterior: sereno restart {component}"),
    )
}

/// How a process ended, from what the kernel gave its parent.
pub(super) fn exit(code: Option<i32>, signal: Option<i32>, at: Timestamp) -> LastExit {
    let reason = match (code, signal) {
        (Some(0), _) => ExitReason::Completed,
        (Some(_), _) | (None, None) => ExitReason::Failed,
        (None, Some(signal)) => ExitReason::Signal(signal),
    };
    let code = code.or(signal.map(|signal| signal + 128)).map(i64::from);
    LastExit { code, reason, at: Some(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(want: Want, phase: Phase, is_kept: bool, is_child_alive: bool) -> Look {
        let state = State { phase, started_at: Timestamp::from_second(9).ok(), ..State::default() };
        Look {
            name: "api.0".to_owned(),
            order: Some(Order { number: 1, want, spec: None }),
            state: Ok(Some(state)),
            is_kept,
            is_child_alive,
            definition: None,
        }
    }

    #[test]
    fn a_state_counts_only_with_its_keeper() {
        let seen = |phase, kept, alive| {
            let instance = look(Want::Run, phase, kept, alive).instance();
            (instance.state, instance.why.map(|why| why.en))
        };
        let gone = |text: &str| Some(format!("{text}: sereno up"));
        assert_eq!(seen(Phase::Running, true, true), (InstanceState::Running, None));
        let alone = gone("it still runs, and its keeper is gone");
        assert_eq!(seen(Phase::Running, false, true), (InstanceState::Unhealthy, alone));
        assert_eq!(seen(Phase::Running, false, false), (InstanceState::Exited, gone("its keeper is gone")));
        assert_eq!(seen(Phase::Running, true, false), (InstanceState::Exited, None));
        assert_eq!(seen(Phase::Waiting, true, false), (InstanceState::Restarting, None));
        assert_eq!(seen(Phase::Waiting, false, false), (InstanceState::Exited, gone("its keeper is gone")));
        assert_eq!(seen(Phase::Ending, true, true).0, InstanceState::Terminating);
        assert_eq!(seen(Phase::Ended, false, false), (InstanceState::Exited, None));
    }

    #[test]
    fn health_is_the_keepers_word() {
        let seen = |health, check: Option<&str>| {
            let mut look = look(Want::Run, Phase::Running, true, true);
            let check = check.map(Text::same);
            look.state = Ok(Some(State { phase: Phase::Running, health, check, ..State::default() }));
            let instance = look.instance();
            (instance.state, instance.checked, instance.why.map(|why| why.en))
        };
        assert_eq!(seen(Health::Starting, Some("x")), (InstanceState::Starting, true, Some("x".to_owned())));
        assert_eq!(seen(Health::Healthy, Some("x")), (InstanceState::Running, true, None));
        assert_eq!(seen(Health::Failing, Some("503")), (InstanceState::Unhealthy, true, Some("503".to_owned())));
    }

    #[test]
    fn a_state_that_cannot_be_read_is_not_known() {
        let torn = Look { state: Err(Text::same("torn")), ..look(Want::Run, Phase::New, true, false) };
        let instance = torn.instance();
        assert_eq!((instance.state, instance.why), (InstanceState::Unknown, Some(Text::same("torn"))));
        assert!(Look { order: None, ..torn }.is_listed(), "it is told, not hidden");
    }

    #[test]
    fn what_was_taken_away_is_listed_as_long_as_it_is_there() {
        assert!(look(Want::Remove, Phase::Ending, true, true).is_listed());
        assert!(!look(Want::Remove, Phase::Ended, false, false).is_listed());
        assert!(look(Want::Stop, Phase::Ended, false, false).is_listed());
        assert!(!look(Want::Stop, Phase::Ended, false, false).is_wanted());
    }

    #[test]
    fn an_earlier_definition_and_lost_lines_are_told_of_what_runs() {
        let mut old = look(Want::Run, Phase::Running, true, true);
        old.definition = Some(Digest::of("new"));
        assert!(old.instance().why.is_some_and(|why| why.en.ends_with("sereno restart api")));
        let mut losing = look(Want::Run, Phase::Running, true, true);
        losing.state = Ok(Some(State { phase: Phase::Running, lost_lines: 3, ..State::default() }));
        assert!(losing.instance().why.is_some_and(|why| why.en.starts_with("3 lines")));
    }
}
