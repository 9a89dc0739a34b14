//! What a keeper is told to run.

use super::proc::MARKER;
use crate::PlatformError;
use serde::{Deserialize, Serialize};
use sereno_model::Digest;
use sereno_model::redact::dotenv;
use sereno_model::settings::Process;
use sereno_model::settings::process::{Health, Restart, StopSignal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a program gets of Sereno's own environment, where it is set: what programs need to run at all, and no secret.
const PASSED_ON: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "TZ"];
const LOCALE: &str = "LC_";

/// The number of the copy, for the program itself.
const NUMBER: &str = "SERENO_INSTANCE";

/// One copy of a declared process, with everything in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spec {
    pub(super) command: Vec<String>,
    pub(super) directory: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) restart: Restart,
    pub(super) health: Option<Health>,
    pub(super) stop_signal: StopSignal,
    pub(super) stop_seconds: u64,
    /// Of what it was made of, so that a later look can tell whether that has changed.
    pub(super) definition: Digest,
}

impl Spec {
    /// `base` is where the settings are, `own` the environment of this program, `folder` the instance's.
    pub(super) fn new(
        process: &Process,
        instance: u32,
        base: &Path,
        folder: &Path,
        own: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, PlatformError> {
        let put = |text: &String| Process::for_instance(text, instance);
        let directory = process.directory.as_ref().map_or_else(|| base.to_owned(), |directory| base.join(directory));
        let mut command: Vec<String> = process.command.iter().map(put).collect();
        if let Some(program) = command.first_mut().filter(|program| program.contains('/')) {
            *program = directory.join(&program).display().to_string();
        }
        let mut environment: BTreeMap<String, String> =
            own.filter(|(name, _)| PASSED_ON.contains(&name.as_str()) || name.starts_with(LOCALE)).collect();
        environment.extend(env_file(process, base)?);
        environment.extend(process.environment.iter().map(|(name, value)| (name.clone(), put(value))));
        environment.insert(NUMBER.to_owned(), instance.to_string());
        environment.insert(MARKER.to_owned(), folder.display().to_string());
        Ok(Self {
            command,
            directory,
            environment,
            restart: process.restart,
            health: process.health.as_ref().and_then(|text| Health::parse(&put(text))),
            stop_signal: process.stop_signal,
            stop_seconds: process.stop_seconds,
            definition: definition(process, base)?,
        })
    }
}

/// The digest of what instances of a process are made of: its table, without how many there are, and its file of variables.
pub(super) fn definition(process: &Process, base: &Path) -> Result<Digest, PlatformError> {
    let one = Process { replicas: 0, needs: Vec::new(), ..process.clone() };
    // A struct of texts and numbers can always be written.
    Ok(Digest::of(serde_json::to_vec(&(one, env_file(process, base)?)).unwrap_or_default()))
}

fn env_file(process: &Process, base: &Path) -> Result<Vec<(String, String)>, PlatformError> {
    let Some(name) = &process.env_file else { return Ok(Vec::new()) };
    let path = base.join(name);
    match crate::file::read(&path) {
        Ok(bytes) => Ok(dotenv::parse(&String::from_utf8_lossy(&bytes))),
        Err(source) => Err(PlatformError::File { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_model::settings::Settings;
    use std::fs;

    fn declared(text: &str) -> Process {
        let (settings, diagnostics) = Settings::parse(text, "sereno.toml");
        assert_eq!(diagnostics, []);
        settings.processes[0].clone()
    }

    #[test]
    fn a_copy_has_its_number_and_no_secret_of_serenos() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(".env"), "KEY=of-file\nPORT=1\n").expect("written");
        let text = "[[processes]]\nname = 'api'\ncommand = ['./run', '--id={instance}', '{x}']\nenv_file = '.env'\nenvironment = { PORT = '300{instance}' }\nhealth = 'localhost:300{instance}'";
        let process = declared(text);
        let own = [("PATH", "/bin"), ("SERENO_TOKEN", "x"), ("AWS_KEY", "x"), ("LC_ALL", "C")];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let make = || Spec::new(&process, 2, dir.path(), Path::new("/f"), own.clone().into_iter()).expect("a spec");
        let spec = make();
        assert_eq!(spec.command[0], dir.path().join("./run").display().to_string());
        assert_eq!(spec.command[1..], ["--id=2", "{x}"]);
        let environment: Vec<String> = spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = ["KEY=of-file", "LC_ALL=C", "PATH=/bin", "PORT=3002", "SERENO_INSTANCE=2", "SERENO_KEEPER=/f"];
        assert_eq!(environment, expected);
        assert_eq!(spec.health.as_ref().map(|health| health.addresses[0].port()), Some(3002));
        fs::write(dir.path().join(".env"), "KEY=other\n").expect("written");
        assert_ne!(make().definition, spec.definition, "what the file of variables says is part of it");
    }

    #[test]
    fn a_file_of_variables_that_is_not_there_is_told() {
        let process = declared("[[processes]]\nname = 'a'\ncommand = ['x']\nenv_file = 'none'");
        let error = Spec::new(&process, 0, Path::new("/nowhere"), Path::new("/f"), std::iter::empty());
        assert!(error.expect_err("no file").to_string().starts_with("/nowhere/none"));
    }
}
