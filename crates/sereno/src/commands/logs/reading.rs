//! Reading several instances at once, those too that come while others are followed.

use super::shown::Shown;
use crate::exit::Exit;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use sereno_model::Text;
use sereno_platform::merge::Merge;
use sereno_platform::{Component, Detail, Instance, InstanceState, LogWanted, Pending, Platform, PlatformError};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many lines of one instance are on their way at most.
const ON_THEIR_WAY: usize = 512;

/// Between two looks for instances that came or went.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What is being read.
pub(super) struct Reading<'p> {
    platform: &'p dyn Platform,
    wanted: LogWanted,
    /// Only these components; all when none is named.
    names: &'p [String],
    /// The instances that were there at the last look: the id of each, by its name.
    known: BTreeMap<String, String>,
    open: FuturesUnordered<Pending<'p, ()>>,
    /// Some could not be read at all, which was told.
    is_partial: bool,
    /// The first that failed.
    failed: Option<PlatformError>,
}

/// What happened next.
enum Next {
    Line(Option<sereno_platform::LogLine>),
    Ended(Result<(), PlatformError>),
    Looked(Result<Vec<Component>, PlatformError>),
}

impl<'p> Reading<'p> {
    pub(super) fn new(platform: &'p dyn Platform, wanted: LogWanted, names: &'p [String]) -> Self {
        Self {
            platform,
            wanted,
            names,
            known: BTreeMap::new(),
            open: FuturesUnordered::new(),
            is_partial: false,
            failed: None,
        }
    }

    /// Begins to read what is there; says what cannot be read because nobody can ask its machine.
    pub(super) fn begin(&mut self, components: &[&Component], merge: &mut Merge, say: &mut dyn FnMut(Text)) {
        let wanted = self.wanted.clone();
        for (component, instance) in each(components.iter().copied()) {
            if instance.state == InstanceState::Unknown {
                let why = instance.why.clone().unwrap_or_else(|| Text::same("?"));
                let name = &instance.name;
                say(Text::new(format!("{name} is not read: {}", why.en), format!("{name} no se lee: {}", why.es)));
                self.is_partial = true;
            } else {
                self.read(component, instance, wanted.clone(), merge);
            }
            self.known.insert(instance.name.clone(), instance.id.clone());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn read(&mut self, component: &Component, instance: &Instance, wanted: LogWanted, merge: &mut Merge) {
        let (sender, receiver) = mpsc::channel(ON_THEIR_WAY);
        merge.add(receiver);
        let (platform, component, instance) = (self.platform, component.clone(), instance.clone());
        self.open.push(Box::pin(async move { platform.logs(&component, &instance, &wanted, sender).await }));
    }

    /// Prints what is read until all of it has ended; followed, until there is nothing left that could be read.
    pub(super) async fn print(
        mut self,
        shown: &mut Shown<'_>,
        mut merge: Merge,
        say: &mut dyn FnMut(Text),
    ) -> Result<Exit, PlatformError> {
        let looks_again = self.wanted.follow && self.platform.instances_change();
        let platform = self.platform;
        let look = || async move {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            platform.components(Detail::State).await
        };
        let mut looking = pin!(look());
        let mut lines_left = true;
        loop {
            let next = {
                let mut next = pin!(async {
                    tokio::select! {
                        biased;
                        line = merge.next(), if lines_left => Next::Line(line),
                        Some(ended) = self.open.next() => Next::Ended(ended),
                        looked = looking.as_mut(), if looks_again => Next::Looked(looked),
                        else => Next::Line(None),
                    }
                });
                // Many lines are one write, and none waits for the next when that is not here yet.
                match poll_fn(|task| Poll::Ready(next.as_mut().poll(task))).await {
                    Poll::Ready(next) => next,
                    Poll::Pending => {
                        shown.flush();
                        next.await
                    }
                }
            };
            match next {
                Next::Line(Some(line)) => shown.line(&line),
                Next::Line(None) => lines_left = false,
                Next::Ended(Ok(())) => {}
                Next::Ended(Err(error)) => {
                    self.failed.get_or_insert(error);
                }
                Next::Looked(looked) => {
                    lines_left |= self.look(looked, &mut merge, say);
                    looking.set(look());
                }
            }
            // What a platform takes away and makes anew is waited for, unless the platform itself is gone.
            if !lines_left && self.open.is_empty() && !(looks_again && self.failed.is_none()) {
                break;
            }
        }
        shown.flush();
        match self.failed {
            Some(error) => Err(error),
            None if self.is_partial => Ok(Exit::Failed),
            None => Ok(Exit::Done),
        }
    }

    /// Takes up what came, and says what came and what went; says whether there is something new to read. A look that
    /// fails says nothing of the instances: the next one may not.
    fn look(
        &mut self,
        looked: Result<Vec<Component>, PlatformError>,
        merge: &mut Merge,
        say: &mut dyn FnMut(Text),
    ) -> bool {
        let Ok(components) = looked else { return false };
        let wanted = |component: &&Component| self.names.is_empty() || self.names.contains(&component.name);
        let now: Vec<(Component, Instance)> =
            each(components.iter().filter(wanted)).map(|(c, i)| (c.clone(), i.clone())).collect();
        let ids: BTreeMap<String, String> = now.iter().map(|(_, i)| (i.name.clone(), i.id.clone())).collect();
        for (name, _) in self.known.iter().filter(|(name, id)| ids.get(*name) != Some(id)) {
            say(Text::new(format!("{name} is gone"), format!("{name} ya no está")));
        }
        let mut is_new = false;
        for (component, instance) in &now {
            if self.known.get(&instance.name) != Some(&instance.id) && instance.state != InstanceState::Unknown {
                let name = &instance.name;
                say(Text::new(
                    format!("{name} is new, and followed too"),
                    format!("{name} es nuevo, y se sigue también"),
                ));
                // All that it has written since it came.
                let wanted = LogWanted { follow: true, since: None, tail: None };
                self.read(component, instance, wanted, merge);
                is_new = true;
            }
        }
        self.known = ids;
        is_new
    }
}

fn each<'c>(components: impl Iterator<Item = &'c Component>) -> impl Iterator<Item = (&'c Component, &'c Instance)> {
    components.flat_map(|component| component.instances.iter().map(move |instance| (component, instance)))
}
