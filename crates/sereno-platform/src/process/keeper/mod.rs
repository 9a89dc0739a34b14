//! The keeper: the small process that runs one instance, and outlives the Sereno that started it.
//!
//! It leaves Sereno's session, becomes the parent of every orphan of the program, takes its output, starts it again by its
//! policy, and ends all of it when it is ordered to. One thread, one `poll`; no runtime, so that a keeper costs little beside
//! the program that it keeps. What it cannot do is survive `kill -9` itself: then its lock is free, which others read as
//! *the keeper is gone*, and the next keeper ends what this one left before it starts anything.

mod check;
mod child;
mod log;

pub(in crate::process) use log::{KEPT, aside};

use super::files::{Folder, Held};
use super::order::{Order, Want};
use super::proc;
use super::spec::Spec;
use super::state::{Health, Phase, State};
use check::{Check, Outcome};
use child::{Child, Ending};
use jiff::Timestamp;
use log::{Log, Streams};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use sereno_model::Text;
use sereno_model::settings::process::Restart;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The hidden subcommand of the binary that has to call [`keeper_main`]; its one argument is an instance's folder.
pub const KEEPER_COMMAND: &str = "__keeper";

/// How long a keeper waits for the lock: somebody who only looks holds it for a moment too, and one that leaves soon lets go.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
/// How often it looks for an order that nobody rang for, and tries again to write what it could not.
const LOOK: Duration = Duration::from_secs(2);
/// Longer than this between two starts is no loop of crashes.
const STEADY: Duration = Duration::from_mins(1);
const LONGEST_BACKOFF: u64 = 60;
/// Between two health checks, and while it has not answered yet.
const BETWEEN_CHECKS: Duration = Duration::from_secs(2);
const BETWEEN_FIRST_CHECKS: Duration = Duration::from_millis(500);
/// How long a program may take to answer for the first time before that is a failure.
const STARTS_WITHIN: Duration = Duration::from_mins(1);
/// Checks that fail one after the other before it is unhealthy.
const FAILURES: u32 = 3;

/// Keeps the instance of a folder until it is ordered to leave, or nothing is left to keep.
pub fn keeper_main(folder: Option<&OsStr>) -> ExitCode {
    let kept = match folder {
        Some(folder) => keep(Folder::new(PathBuf::from(folder))),
        None => Err(io::Error::other("a keeper is started by Sereno only")),
    };
    match kept {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Its standard error is a file in the folder, from which whoever started it takes the reason.
#[expect(clippy::print_stderr, reason = "there is no other place to say it")]
fn complain(error: &io::Error) {
    eprintln!("{error}");
}

fn keep(folder: Folder) -> io::Result<()> {
    rustix::process::setsid()?;
    let (asked, heard) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, heard.try_clone()?)?;
    }
    asked.set_nonblocking(true)?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let Some(held) = hold(&folder)? else { return Ok(()) };
    let wake = folder.listen()?;
    Keeper::new(folder, held, wake, asked)?.run()
}

/// The lock; `None` when another keeper has it, which is as good.
fn hold(folder: &Folder) -> io::Result<Option<Held>> {
    let begun = Instant::now();
    loop {
        if let Some(held) = folder.hold()? {
            return Ok(Some(held));
        }
        if begun.elapsed() > LOCK_WITHIN {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

struct Keeper {
    folder: Folder,
    _held: Held,
    wake: OwnedFd,
    /// What the kernel's request to end is heard by.
    asked: UnixStream,
    log: Log,
    streams: Streams,
    state: State,
    /// It has changed since it was written.
    is_new: bool,
    /// It could not be written: it is tried again at the next look.
    is_unwritten: bool,
    /// When the order is looked at although nobody rang.
    next_look: Instant,
    spec: Option<Spec>,
    child: Option<Child>,
    ending: Option<Ending>,
    /// What follows once nothing of the program is left.
    next: Next,
    again: Option<Instant>,
    /// Starts one after the other that did not last.
    crashes: u32,
    check: Option<Check>,
    next_check: Instant,
    failures: u32,
}

/// What is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// What the policy says.
    Policy,
    Start,
    Leave,
}

/// What became ready.
#[derive(Default)]
struct Ready {
    pipes: Vec<usize>,
    check: bool,
    rung: bool,
    asked: bool,
}

impl Keeper {
    fn new(folder: Folder, held: Held, wake: OwnedFd, asked: UnixStream) -> io::Result<Self> {
        // A state that cannot be read is replaced: what it knew of is found by its mark.
        let old = folder.read_state().ok().flatten().unwrap_or_default();
        let survivors = child::left_behind(&folder, &old);
        let state = State {
            order: old.order,
            boot_id: proc::boot_id(),
            last_exit: old.last_exit,
            started_at: old.started_at,
            ..State::default()
        };
        let mut keeper = Self {
            log: Log::new(folder.log()),
            folder,
            _held: held,
            wake,
            asked,
            streams: Streams::default(),
            state,
            is_new: false,
            is_unwritten: false,
            next_look: Instant::now(),
            spec: None,
            child: None,
            ending: None,
            next: Next::Leave,
            again: None,
            crashes: 0,
            check: None,
            next_check: Instant::now(),
            failures: 0,
        };
        let order = keeper.folder.read_order().map_err(|error| io::Error::other(error.to_string()))?;
        let order = order.ok_or_else(|| io::Error::other("there is no order"))?;
        if !survivors.is_empty() {
            keeper.say("what an earlier keeper left is ended", "se termina lo que dejó un guardián anterior");
            let seconds = order.spec.as_ref().map_or(10, |spec| spec.stop_seconds);
            keeper.ending = Some(Ending::of_others(seconds));
            keeper.state.phase = Phase::Ending;
        }
        // Whatever it says: the program does not run yet.
        keeper.state.order = 0;
        keeper.take(order);
        Ok(keeper)
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            if self.decide() {
                return Ok(());
            }
            if self.is_new {
                self.write_state();
            }
            let ready = self.wait()?;
            self.take_output(&ready.pipes);
            self.bury();
            self.go_on_ending();
            self.go_on_checking(ready.check);
            if ready.asked {
                self.leave();
            }
            self.look_for_order(ready.rung);
        }
    }

    fn is_idle(&self) -> bool {
        self.child.is_none() && self.ending.is_none()
    }

    /// With nothing of the program left: starts it, waits, or says that there is nothing more to do.
    fn decide(&mut self) -> bool {
        while self.is_idle() {
            match (self.next, self.again) {
                (Next::Start, _) => self.start(),
                (Next::Leave, _) => {
                    self.state.phase = Phase::Ended;
                    self.state.again_at = None;
                    self.write_state();
                    // What could not be written is tried again: nobody would know that it has ended.
                    return !self.is_unwritten;
                }
                (Next::Policy, Some(at)) if Instant::now() >= at => {
                    self.state.restarts += 1;
                    self.start();
                }
                (Next::Policy, _) => break,
            }
        }
        false
    }

    fn look_for_order(&mut self, is_rung: bool) {
        let now = Instant::now();
        if !is_rung && now < self.next_look {
            return;
        }
        self.next_look = now + LOOK;
        let mut buffer = [0; 64];
        while matches!(rustix::io::read(&self.wake, &mut buffer), Ok(1..)) {}
        if self.is_unwritten || self.state.lost_lines != self.log.lost() {
            self.is_new = true;
        }
        // One that cannot be read now can be at the next look: it was never half there.
        if let Ok(Some(order)) = self.folder.read_order()
            && order.number > self.state.order
        {
            self.take(order);
        }
    }

    fn take(&mut self, order: Order) {
        let is_fresh = self.state.order == 0;
        self.state.order = order.number;
        let is_idle = self.is_idle();
        let is_due = match &order.want {
            // A keeper that is just started has nothing running, whatever was wanted of its predecessor.
            _ if is_fresh && order.spec.is_some() => true,
            Want::Run => is_idle || self.next == Next::Leave,
            Want::Replace { started_at } => self.state.started_at == Some(*started_at),
            Want::Stop | Want::Remove => {
                self.next = Next::Leave;
                self.end();
                false
            }
        };
        if is_due {
            self.spec = order.spec;
            self.next = if self.spec.is_some() { Next::Start } else { Next::Leave };
            self.state.restarts = 0;
            self.crashes = 0;
            self.end();
        }
        // Written before the next wait, with what came of it: an order counts as taken up when it shows.
        self.is_new = true;
    }

    /// It was asked to end, as when the machine is shut down: so does its program, in order. The order stands, and whoever
    /// brings the system up has it carried out again.
    fn leave(&mut self) {
        let mut buffer = [0; 64];
        while matches!((&self.asked).read(&mut buffer), Ok(1..)) {}
        self.next = Next::Leave;
        self.end();
        self.state.remark = Some(Text::new(
            "its keeper was asked to end, and has ended it: sereno up",
            "se pidió a su guardián que termine, y lo terminó: sereno up",
        ));
        self.is_new = true;
    }

    /// Ends what runs, if anything does.
    fn end(&mut self) {
        self.check = None;
        if let (Some(_), None, Some(spec)) = (&self.child, &self.ending, self.running_spec()) {
            self.ending = Some(Ending::new(spec.stop_signal, spec.stop_seconds));
            self.state.phase = Phase::Ending;
        }
    }

    fn running_spec(&self) -> Option<&Spec> {
        self.child.as_ref().map(|child| &child.spec)
    }

    fn start(&mut self) {
        self.again = None;
        self.state.again_at = None;
        self.next = Next::Policy;
        let Some(spec) = self.spec.clone() else {
            self.next = Next::Leave;
            return;
        };
        let now = Timestamp::now();
        self.state.started_at = Some(now);
        self.state.definition = Some(spec.definition.clone());
        self.state.check = None;
        self.state.remark = None;
        self.state.health = if spec.health.is_some() { Health::Starting } else { Health::Unchecked };
        self.failures = 0;
        self.next_check = Instant::now();
        match Child::start(spec) {
            Ok(child) => {
                self.state.child = Some(child.identity.clone());
                self.state.phase = Phase::Running;
                self.child = Some(child);
                self.is_new = true;
            }
            Err(why) => {
                self.say(&format!("not started: {why}"), &format!("no se inició: {why}"));
                self.state.last_exit =
                    Some(crate::LastExit { code: None, reason: crate::ExitReason::NotStarted(why), at: Some(now) });
                self.after(false);
            }
        }
    }

    /// Takes note of every process that ended.
    fn bury(&mut self) {
        let pid = self.child.as_ref().map(|child| child.identity.pid);
        loop {
            match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
                Ok(Some((dead, status))) if Some(dead.as_raw_nonzero().get()) == pid => self.ended(status),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// The program's first process has ended. What it started is ended too, before anything else.
    fn ended(&mut self, status: rustix::process::WaitStatus) {
        let Some(mut child) = self.child.take() else { return };
        self.log.write(&child.drain(&mut self.streams));
        self.check = None;
        self.state.child = None;
        let exit = super::state::exit(status.exit_status(), status.terminating_signal(), Timestamp::now());
        let was_ordered = self.ending.is_some();
        let others = proc::descendants(std::process::id() as i32, &proc::all());
        if !was_ordered {
            self.state.remark = child.remark(&exit, !others.is_empty());
        }
        let text = exit.text();
        self.say(&text.en, &text.es);
        let is_well = exit.reason == crate::ExitReason::Completed;
        self.state.last_exit = Some(exit);
        if child.begun.elapsed() >= STEADY {
            self.crashes = 0;
        }
        if !others.is_empty() && self.ending.is_none() {
            self.ending = Some(Ending::new(child.spec.stop_signal, child.spec.stop_seconds));
            self.state.phase = Phase::Ending;
        }
        self.after(is_well);
    }

    /// Decides what follows an end.
    fn after(&mut self, is_well: bool) {
        self.is_new = true;
        if self.next != Next::Policy {
            return;
        }
        let policy = self.spec.as_ref().map_or(Restart::Never, |spec| spec.restart);
        let is_again = match policy {
            Restart::Always => true,
            Restart::OnFailure => !is_well,
            Restart::Never => false,
        };
        if !is_again {
            self.next = Next::Leave;
            return;
        }
        let seconds = 1_u64.checked_shl(self.crashes).unwrap_or(LONGEST_BACKOFF).min(LONGEST_BACKOFF);
        self.crashes = (self.crashes + 1).min(16);
        self.again = Some(Instant::now() + Duration::from_secs(seconds));
        self.state.again_at = Timestamp::now().checked_add(jiff::SignedDuration::from_secs(seconds as i64)).ok();
        if self.ending.is_none() {
            self.state.phase = Phase::Waiting;
        }
    }

    fn go_on_ending(&mut self) {
        let Some(ending) = &mut self.ending else { return };
        if !ending.go_on(&self.folder, self.child.as_ref()) {
            return;
        }
        self.ending = None;
        if self.child.is_none() && self.next == Next::Policy {
            self.state.phase = Phase::Waiting;
            self.is_new = true;
        }
    }

    fn go_on_checking(&mut self, is_ready: bool) {
        let Some(health) = self.child.as_ref().filter(|_| self.ending.is_none()).and_then(|c| c.spec.health.clone())
        else {
            return;
        };
        let outcome = match self.check.take() {
            Some(check) => check.go_on(is_ready),
            None if Instant::now() >= self.next_check => Check::begin(&health),
            None => return,
        };
        let (seen, why) = match outcome {
            Outcome::Pending(check) => {
                self.check = Some(check);
                return;
            }
            Outcome::Well => {
                self.failures = 0;
                (Health::Healthy, None)
            }
            Outcome::Failed(why) => {
                self.failures += 1;
                (self.failing(), Some(why))
            }
        };
        let between = if seen == Health::Starting { BETWEEN_FIRST_CHECKS } else { BETWEEN_CHECKS };
        self.next_check = Instant::now() + between;
        if (seen, &why) != (self.state.health, &self.state.check) {
            self.state.health = seen;
            self.state.check = why;
            self.is_new = true;
        }
    }

    /// What one failure more makes of it.
    fn failing(&self) -> Health {
        let is_new = self.child.as_ref().is_some_and(|child| child.begun.elapsed() < STARTS_WITHIN);
        match self.state.health {
            Health::Starting | Health::Unchecked if is_new => Health::Starting,
            Health::Healthy if self.failures < FAILURES => Health::Healthy,
            _ => Health::Failing,
        }
    }

    /// Until something happens, or is due.
    fn wait(&mut self) -> io::Result<Ready> {
        let now = Instant::now();
        let mut due = self.next_look;
        due = due.min(self.ending.as_ref().map_or(due, Ending::next_look));
        due = due.min(self.again.unwrap_or(due));
        let is_checked = self.child.as_ref().is_some_and(|child| child.spec.health.is_some()) && self.ending.is_none();
        if is_checked {
            due = due.min(self.check.as_ref().map_or(self.next_check, Check::deadline));
        }
        enum What {
            Wake,
            Asked,
            Pipe(usize),
            Child,
            Check,
        }
        let mut awaited: Vec<(What, BorrowedFd<'_>, PollFlags)> =
            vec![(What::Wake, self.wake.as_fd(), PollFlags::IN), (What::Asked, self.asked.as_fd(), PollFlags::IN)];
        if let Some(child) = &self.child {
            awaited.push((What::Child, child.handle.as_fd(), PollFlags::IN));
            awaited.extend(child.pipes().map(|(stream, pipe)| (What::Pipe(stream), pipe, PollFlags::IN)));
        }
        if let Some(check) = &self.check {
            let (socket, what) = check.awaits();
            awaited.push((What::Check, socket, what));
        }
        let mut fds: Vec<_> = awaited.iter().map(|(_, fd, what)| PollFd::from_borrowed_fd(*fd, *what)).collect();
        let left = due.saturating_duration_since(now);
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = Ready::default();
        for ((what, ..), _) in awaited.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty()) {
            match what {
                What::Wake => ready.rung = true,
                What::Asked => ready.asked = true,
                What::Pipe(stream) => ready.pipes.push(*stream),
                What::Child => {}
                What::Check => ready.check = true,
            }
        }
        Ok(ready)
    }

    fn take_output(&mut self, pipes: &[usize]) {
        let Some(child) = &mut self.child else { return };
        let mut lines = Vec::new();
        for stream in pipes {
            child.read(*stream, &mut self.streams, &mut lines);
        }
        self.log.write(&lines);
    }

    /// A word of the keeper's own among the program's lines.
    fn say(&mut self, en: &str, es: &str) {
        self.log.write(&[format!("[sereno] {en} · {es}")]);
    }

    fn write_state(&mut self) {
        self.state.lost_lines = self.log.lost();
        // A disk that is full must not end the program: it is tried again.
        self.is_unwritten = self.folder.write_state(&self.state).is_err();
        self.is_new = false;
    }
}
