//! Languages that no shell of Sereno takes, told by how they are written: routers' configuration, Lua, Perl, Windows'
//! commands, filters of directories and captures.
//!
//! A block is in such a language when its first line can be nothing else and most of its other lines fit.

use super::evidence::{Case, Counts, Pile};
use super::kind::Kind;
use super::pattern::{Table, Test, test};
use sereno_model::BlockClass;
use std::sync::LazyLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    /// Junos, VyOS: `set interfaces …`.
    Junos,
    Ios,
    FortiOs,
    RouterOs,
    Lua,
    Perl,
    Basic,
    Windows,
    /// Every line of it shows what it is.
    Plain,
}

pub(super) fn weigh(case: &Case, counts: &Counts, pile: &mut Pile) {
    if case.near.announces_output() || counts.first() == Kind::Client {
        return;
    }
    let mut lines = case.lines.iter().filter(|line| !line.kind.is_silent()).map(|line| line.text.trim());
    let Some(first) = lines.next() else { return };
    // GraphQL without a word before it: `{`, then a field that opens a brace of its own.
    if first == "{" && lines.clone().next().is_some_and(|second| FIELD.is_match(second)) {
        pile.add(BlockClass::Other, 28.0, "a query of GraphQL");
        return;
    }
    let Some(language) = FIRST.first(first) else { return };
    let (mut all, mut fitting) = (1, 1);
    for line in lines {
        all += 1;
        fitting += usize::from(FIRST.first(line) == Some(language) || goes_on(language, line));
    }
    if fitting * 5 >= all * 3 {
        pile.add(BlockClass::Other, 28.0, "a language that no shell takes");
    }
}

fn goes_on(language: Language, line: &str) -> bool {
    let rest = match language {
        Language::Ios => &IOS,
        Language::FortiOs => &FORTI_OS,
        Language::Lua => &LUA,
        Language::Perl => &PERL,
        Language::Basic => &BASIC,
        Language::Junos => &JUNOS,
        Language::Windows => &WINDOWS,
        Language::RouterOs | Language::Plain => return false,
    };
    rest.is_match(line)
}

/// Lines with which a block in a language begins.
static FIRST: LazyLock<Table<Language>> = LazyLock::new(|| {
    Table::new(&[
        (
            r"^(?:set|delete|deactivate|activate|edit|insert) (?:security|interfaces|protocols|routing-options|routing-instances|firewall|policy-options|vlans|class-of-service|chassis|snmp|forwarding-options|applications|groups|system (?:services|syslog|login|ntp|host-name|name-server)) ",
            Language::Junos,
        ),
        (
            r"^(?:conf(?:ig(?:ure)?)? t(?:erm(?:inal)?)?$|interface (?:[A-Z][A-Za-z-]+ ?\d[\d/.]*|range .+)$|router (?:bgp|ospf|eigrp|rip) |ip access-list (?:standard|extended) |switchport )",
            Language::Ios,
        ),
        (
            r"^config (?:system|vpn|firewall|router|log|user|switch-controller|wireless-controller|vdom|global)(?: |$)",
            Language::FortiOs,
        ),
        (
            r"^/(?:ip|ipv6|interface|system|routing|tool|queue|certificate|ppp|caps-man)(?:[ /][a-z-]+)+(?: |$)",
            Language::RouterOs,
        ),
        (r"^(?:local function \w+ ?\(|local \w+(?:, ?\w+)* = |--\[\[|for \w+, ?\w+ in i?pairs\()", Language::Lua),
        (r"^(?:use (?:strict|warnings|\w+::[\w:]+)\b.*;|my [$@%(].*|while \(<\w*>\)|foreach my \$)", Language::Perl),
        (
            r"^(?:(?:Public |Private )?(?:Sub|Function) \w+ ?\(|Dim \w+(?:\(\))?(?: As |$)|Option Explicit|On Error (?:Resume|GoTo) |Set \w+ = (?:CreateObject|New )|WScript\.)",
            Language::Basic,
        ),
        (
            r"^(?i-u:net (?:start|stop|use|user|share|localgroup) |sc(?:\.exe)? (?:query|start|stop|config|delete) |reg(?:\.exe)? (?:add|query|delete|import|export) |(?:@echo off|ipconfig|robocopy|xcopy|netsh|wmic|schtasks|iisreset|appcmd|dism|sfc|chkdsk|gpupdate|nltest|repadmin|dcdiag|dfsrdiag|wevtutil|vssadmin|bcdedit|w32tm|qwinsta|taskkill|tasklist|icacls|takeown|msiexec|setx|sqlservr|del|rd|rmdir|copy|move|type|dir)(?:\.exe)?(?: .*)?(?: /[a-z]+(?::\S*)?(?: |$)|%\w+%|[a-z]:\\)|(?:ipconfig|netsh|wmic|dfsrdiag|repadmin|dcdiag|gpupdate|iisreset)(?: |$))",
            Language::Windows,
        ),
        // Job control of z/OS, labels of printers, messages of hospitals, filters of LDAP, Flux, captures, templates.
        (r"^//\w{1,8} +(?:JOB|EXEC|DD|PROC|SET)(?: |$)|^//\*", Language::Plain),
        (r"^\^(?:XA|XZ|FO\d|FT\d|FD|FS|CF|A\d|BY|BC|PQ|GB|PW|LL)", Language::Plain),
        (r"^(?:MSH|PID|PV1|OBX|OBR|SCH|ORC|EVN|MSA|NK1)\|", Language::Plain),
        (r"^\((?:[&|]\(|!\(|\w+(?::[\d.]+:)?=[^()]*\)$)", Language::Plain),
        (r"^(?:from\(bucket: ?|\|> )", Language::Plain),
        (
            r"^!?\(?[\w-]+(?:\.[\w-]+)+ (?:==|!=|>=|<=|=|=~|contains|matches) .*(?:&&|\|\|| and | or | AND | OR )",
            Language::Plain,
        ),
        // An expression that finds text: anchored, and with what only such expressions have.
        (r"^\^\S.*(?:\.\*|\.\+|\\[dsw.]|\[\^|\(\?)", Language::Plain),
        (r"^\\b\S|^\(\?[imsx]+\)\S", Language::Plain),
        (r"\{\{[#/^]|^\{%|\{\{ ?(?:config|source|ref|var)\(", Language::Plain),
    ])
});
static FIELD: LazyLock<Test> = LazyLock::new(|| test(r"^[a-z]\w*(?: ?\([^)]*\))? ?\{$"));
static JUNOS: LazyLock<Test> =
    LazyLock::new(|| test(r"^(?:commit(?: |$)|configure$|edit |top$|up$|exit$|rollback|show )"));
static IOS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:no |ip |end$|exit$|shut|wr|copy run|description |access-list |permit |deny |neighbor |network |line |vlan |spanning-tree |switchport|speed |duplex |show |do )",
    )
});
static FORTI_OS: LazyLock<Test> = LazyLock::new(|| test(r"^(?:edit |set |unset |next$|end$|show|get |delete )"));
static LUA: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:end[,);]*$|return(?: |$)|else$|elseif .* then$|if .* then$|for .* do$|function [\w.:]+\(|[\w.\[\]]+ = |[\w.:]+\(.*\)$)",
    )
});
static PERL: LazyLock<Test> = LazyLock::new(|| test(r"^(?:[$@%]\w.*;|\}|.*;$|.*\{$)"));
static BASIC: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:End (?:Sub|If|Function|With)|For |Next|If .* Then|Else|Loop|Do |With |Exit |'|[\w.()\x22, ]+ = |[A-Z]\w+\.\w+)",
    )
});
static WINDOWS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?i-u:del|rd|md|copy|move|ren|type|dir|echo|cd|net|sc|reg|start|set|if|for|call|pause|rem|cls|cmd)(?:\.exe)? |(?: |^)/[A-Za-z]+(?::\S*)?(?: |$)|%\w+%|[A-Z]:\\",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_tell_their_language() {
        for (line, expected) in [
            ("set security policies from-zone trust", Some(Language::Junos)),
            ("conf t", Some(Language::Ios)),
            ("interface Gi0/1", Some(Language::Ios)),
            ("config vpn ipsec phase1-interface", Some(Language::FortiOs)),
            ("/ip firewall filter print", Some(Language::RouterOs)),
            ("local function accept(a, b)", Some(Language::Lua)),
            ("my @f = split /;/;", Some(Language::Perl)),
            ("Sub Reasignar()", Some(Language::Basic)),
            ("net stop spooler", Some(Language::Windows)),
            ("dfsrdiag backlog /smem:FS01", Some(Language::Windows)),
            ("(&(objectClass=user)(cn=x))", Some(Language::Plain)),
            ("^XA", Some(Language::Plain)),
            ("set -e", None),
            ("set security=1", None),
            ("local shop=north", None),
            ("ip route add default via 10.0.0.1", None),
            ("type kubectl", None),
            ("dir /srv/shop", None),
            ("move /srv/a /srv/b", None),
            ("interface: eth0", None),
            ("(cd /srv && ls)", None),
        ] {
            assert_eq!(FIRST.first(line), expected, "{line}");
        }
    }
}
