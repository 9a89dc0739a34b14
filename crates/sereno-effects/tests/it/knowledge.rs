//! Knowledge that teams add.

use sereno_effects::{Knowledge, analyze_shell};
use sereno_model::Risk;

#[test]
fn a_team_adds_its_own_commands() {
    let toml = "[[command]]\nname = \"shopctl\"\nrules = [\n  { args = \"cache drop\", risk = \"destroy\", verb = \"empties\", of = \"shop cache\", component = \"cache\" },\n  { args = \"status\", risk = \"observe\" },\n]\n";
    let base = Knowledge::builtin();
    let team = base.extend(toml).unwrap();
    assert!(team.knows("shopctl") && !base.knows("shopctl"));
    for (command, risk) in
        [("shopctl cache drop", Risk::Destroy), ("shopctl status", Risk::Observe), ("shopctl other", Risk::Unclear)]
    {
        assert_eq!(analyze_shell(command, &team).risk, risk, "{command}");
    }
    assert_eq!(analyze_shell("shopctl status", base).risk, Risk::Unclear);
}

#[test]
fn a_teams_rules_come_first() {
    let team = Knowledge::builtin()
        .extend("[[command]]\nname = \"docker\"\nrules = [{ args = \"restart db\", risk = \"destroy\" }]\n")
        .unwrap();
    assert_eq!(analyze_shell("docker restart db", &team).risk, Risk::Destroy);
    assert_eq!(analyze_shell("docker restart api", &team).risk, Risk::Change);
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (toml, line, part) in [
        ("[[command]]\nname = \"x\"\nrsik = \"change\"\n", 3, "did you mean `risk`?"),
        ("[[command]]\nname = \"x\"\nrisk = \"chnage\"\n", 3, "did you mean `change`?"),
        ("[[command]]\nname = \"x\"\nrules = [\n  { args = \"a\", noun = \"lgos\" },\n]\n", 4, "did you mean `logs`?"),
        ("[[comand]]\nname = \"x\"\n", 1, "did you mean `command`?"),
        ("[[command]\n", 1, ""),
    ] {
        let error = Knowledge::builtin().extend(toml).unwrap_err();
        assert_eq!(error.line, line, "{toml}: {error}");
        assert!(error.message.en.contains(part), "{toml}: {error}");
    }
}

#[test]
fn common_tools_are_known() {
    for name in [
        "kubectl",
        "docker",
        "psql",
        "redis-cli",
        "curl",
        "systemctl",
        "git",
        "npm",
        "aws",
        "terraform",
        "mkfs.xfs",
        "grep",
    ] {
        assert!(Knowledge::builtin().knows(name), "{name}");
    }
    assert!(!Knowledge::builtin().knows("frobnicate"));
}
