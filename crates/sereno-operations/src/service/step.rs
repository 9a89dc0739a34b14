//! The steps of the family's plans, as command lines of Sereno's own.

use std::time::Duration;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    Restart,
    Scale,
    Limit,
    Stop,
    Start,
    /// Takes instances away that ought to be gone.
    Remove,
    /// Makes of its files what is not there of a component, and starts what does not run; its words are how many there are of
    /// others (`db=1`).
    Make,
    /// Makes the file of its one word in every instance of a component, which then shows the maintenance page.
    PageOn,
    /// Takes that file away.
    PageOff,
    /// Sends what comes to an ingress from where its first word says to where its second says.
    Route,
    /// Opens variables, its words, to whoever started the run, for as long as it says.
    Reveal,
    /// Runs a program inside an instance.
    Exec,
    /// Changes nothing: notes which processes a component has now, for the `Await` after the author's own command.
    Look,
    /// Changes nothing: waits until the component is as it should be.
    Await,
    /// Changes nothing: waits until nothing of the whole system runs or is brought back, but for the components that are its
    /// words. Its component is `*`.
    Quiet,
    /// Changes nothing: waits until an address, its component, shows the maintenance page.
    PageSeen,
    /// Changes nothing: waits until that address answers as usual.
    PageGone,
}

/// One step: a kind, a component, and what it has to hold to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRequest {
    pub kind: StepKind,
    pub component: String,
    /// The place that the plan was made for; another place is refused.
    pub target: String,
    /// Only these instances, by name.
    pub instances: Vec<String>,
    /// Marks of the processes that the plan saw. A change refuses others; a wait is over when they are gone.
    pub marks: Vec<String>,
    /// The digest of what new instances are made of; another is refused.
    pub definition: Option<String>,
    /// Marks and replicas are those that the look before has noted.
    pub looked: bool,
    /// How many instances there should be.
    pub replicas: Option<u32>,
    pub cpu_millis: Option<u64>,
    /// In bytes.
    pub memory: Option<u64>,
    /// The program of an `exec`, word for word; what else a kind takes beside its component.
    pub program: Vec<String>,
    /// That program has a terminal.
    pub terminal: bool,
    /// How long it waits for the component to be as it should be.
    pub within: Duration,
}

/// How long a component may take to be ready.
const WITHIN: Duration = Duration::from_mins(2);

impl StepKind {
    pub const ALL: [Self; 17] = [
        Self::Restart,
        Self::Scale,
        Self::Limit,
        Self::Stop,
        Self::Start,
        Self::Remove,
        Self::Make,
        Self::PageOn,
        Self::PageOff,
        Self::Route,
        Self::Reveal,
        Self::Exec,
        Self::Look,
        Self::Await,
        Self::Quiet,
        Self::PageSeen,
        Self::PageGone,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Scale => "scale",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Remove => "remove",
            Self::Make => "make",
            Self::PageOn => "page-on",
            Self::PageOff => "page-off",
            Self::Route => "route",
            Self::Reveal => "reveal",
            Self::Exec => "exec",
            Self::Look => "look",
            Self::Await => "await",
            Self::Quiet => "quiet",
            Self::PageSeen => "page-seen",
            Self::PageGone => "page-gone",
        }
    }
}

impl StepRequest {
    pub fn new(kind: StepKind, component: &str, target: &str) -> Self {
        Self {
            kind,
            component: component.to_owned(),
            target: target.to_owned(),
            instances: Vec::new(),
            marks: Vec::new(),
            definition: None,
            looked: false,
            replicas: None,
            cpu_millis: None,
            memory: None,
            program: Vec::new(),
            terminal: false,
            within: WITHIN,
        }
    }

    /// `sereno operate restart --on compose:pedidos@… … -- api`: the name comes last, where none is taken for an
    /// option, and after it the words of an `exec`.
    pub fn argv(&self) -> Vec<String> {
        let mut argv: Vec<String> =
            ["sereno", "operate", self.kind.as_str(), "--on", &self.target].map(str::to_owned).to_vec();
        let mut option = |name: &str, value: String| argv.push(format!("--{name}={value}"));
        self.instances.iter().for_each(|instance| option("instance", instance.clone()));
        self.marks.iter().for_each(|mark| option("seen", mark.clone()));
        if let Some(replicas) = self.replicas {
            option("replicas", replicas.to_string());
        }
        if let Some(millis) = self.cpu_millis {
            option("cpu-millis", millis.to_string());
        }
        if let Some(bytes) = self.memory {
            option("memory", bytes.to_string());
        }
        if let Some(definition) = &self.definition {
            option("definition", definition.clone());
        }
        option("within", self.within.as_secs().to_string());
        argv.extend(self.looked.then(|| "--looked".to_owned()));
        argv.extend(self.terminal.then(|| "--terminal".to_owned()));
        argv.extend(["--".to_owned(), self.component.clone()]);
        argv.extend(self.program.iter().cloned());
        argv
    }
}
