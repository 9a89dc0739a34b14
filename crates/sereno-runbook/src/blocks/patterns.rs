//! The patterns behind [`super::kind`]: one row for each thing that a line can be, tried in order.

use super::kind::Kind;
use super::pattern::{Table, Test, regex, test};
use regex::Regex;
use std::sync::LazyLock;

pub(super) static ASCII_BOX: LazyLock<Test> =
    LazyLock::new(|| test(r"^(?:[|v^/\\ ]+|[|+`][-+ ]{3,}[+|]?[-+ |]*|\|? *\+--+\+.*|[|`]--? ?\S+.*)$"));
/// Names joined by arrows of dashes: `Client --> API --> DB`.
pub(super) static FLOW: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^[^`|;=]{1,40}?(?: *(?:--+>|==+>|<--+|<--?>) *[^`|;=]{1,40}){1,9}$"));
/// An arrow that leads to a name.
pub(super) static LEADS: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:->|-->|=>|→|↳|⇒) ?[A-ZÁÉÍÓÚ][^=;]*$"));

pub(super) static EARLY: LazyLock<Table<Kind>> = LazyLock::new(|| {
    Table::new(&[
        // A call with named arguments, as tools for programs are written down: no shell has it.
        (r"^[A-Za-z_][\w.]*\(\w+ ?= ?[\x22'\[{\d]", Kind::Code),
        (r"^export (?:enum|interface|type|abstract|namespace|declare) \w", Kind::Code),
        (r"^(?:feat|fix|chore|docs|refactor|perf|revert|hotfix)(?:\([\w/.-]+\))?!?: [a-z]", Kind::Code),
        // A command of PowerShell: `Get-Service`, `$pool = Get-Item …`.
        (
            r"^(?:\$[\w:]+ ?= ?)?(?:Get|Set|New|Remove|Start|Stop|Restart|Invoke|Import|Export|Test|Enable|Disable|Add|Clear|Write|Out|Select|Where|ForEach|Format|Connect|Disconnect|Install|Uninstall|Update|Move|Copy|Rename|Resume|Suspend|Send|Enter|Wait|Register|Unregister|ConvertTo|ConvertFrom|Measure|Sort|Backup|Restore|Repair|Reset|Switch|Sync|Grant|Revoke|Publish|Resolve|Unlock|Expand|Compress|Show|Find)-[A-Z][A-Za-z]+(?: |$)",
            Kind::Code,
        ),
        // A filter of jq; a template's blank with a dot or a dollar.
        (r"^\.\w+\[\] ?(?:\||\.|$)|^[^:]*\{\{-? ?[$.][A-Za-z_]", Kind::Code),
        // SQLite's own commands.
        (
            r"^\.(?:tables|schema|mode|headers|indexes|indices|databases|dbinfo|backup|open|quit|exit|timer|output|read|restore)(?: [\w./:'-]+)*$",
            Kind::ClientLine,
        ),
        (r"^Out ?\[\d+\]: ?", Kind::Printed),
        // LogQL within a function, Cloudflare's expressions.
        (
            r"\b(?:rate|count_over_time|bytes_over_time|bytes_rate|sum_over_time)\s*\(\s*\{[^}]*\}\s*(?:\|=|\|~|!=|!~|\|)|\((?:not )?(?:http|ip|cf|ssl)\.[\w.]+ (?:contains|eq|ne|in|matches|wildcard) ",
            Kind::Search,
        ),
        // Builders' steps, counted lines, a file and what was found of it.
        (r"^(?:==> |-----> |=> \[)\S?", Kind::Printed),
        (r"^\d+[ \t]+[\w./@:-]+$", Kind::Printed),
        (r"^(?:/[\w.-]+)+: +\S", Kind::Printed),
        // Keys of SSH, rules of iptables.
        (
            r"^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) AAAA|^-[AIP] [A-Z]\w+ -|^:[A-Z]+ (?:ACCEPT|DROP|-) \[|^\*(?:filter|nat|mangle|raw)$",
            Kind::Keyword,
        ),
        // Records of names, as a zone's file and a registrar's page have them.
        (
            r"^\$(?:TTL|ORIGIN|INCLUDE) \S|^(?:@|[\w*-]+(?:\.[\w-]+)*)[ \t]+IN[ \t]+(?:SOA|NS|A|AAAA|MX|TXT|CNAME|SRV|CAA|PTR)[ \t]|^IN[ \t]+(?:NS|MX|TXT|A|AAAA)[ \t]|^v=(?:spf1|DMARC1|DKIM1|STSv1|TLSRPTv1)\b|^(?:@|[\w*-]+(?:\.[\w-]+)*\.?)[ \t]+(?:TXT|CNAME|MX|CAA)[ \t]+\S",
            Kind::Setting,
        ),
        // Options of the Java machine, one to a line of its file.
        (r"^-(?:X(?:ms|mx|ss|mn)\d\S*|X:\S+|Xlog:\S+|XX:\S+|D[a-z][\w.]+=\S*)$", Kind::Setting),
        // Graphs of commits, bars of progress, dotted leaders, fingerprints, a tool and its version.
        (r"^[*|][*|\\/ ]* +[0-9a-f]{7,12} \S", Kind::Printed),
        (r"\[[=#>. █▓░▒-]{6,}\] *\d|\d{1,3}%[|▕ ].{0,40}[█▓░▏▌]", Kind::Printed),
        (r"^[\w{}][\w {}:/()-]*\.{4,}:? ?\S", Kind::Property),
        (r"^(?:sha|SHA|md|MD)\d+ Fingerprint ?=", Kind::Printed),
        (r"^[a-z][\w.-]+ v?\d+\.\d+[\w.-]* \([\w ,:-]+\)$", Kind::Printed),
        // Frames of native stacks, of PHP and of Elixir; crashes of Node; errors of ClickHouse.
        (r"^#\d+ +(?:0x[0-9a-f]+ |/\S+\(\d+\)|\{main\}|\S+ \()", Kind::Trace),
        (r"^\*\* \([\w.]+\) \S|^\([\w-]+ \d[\w.-]*\) [\w/.-]+:\d+: ", Kind::Trace),
        (r"^<--- (?:Last few GCs|JS stacktrace) --->|^\[\d+:0x[0-9a-f]+\] |^\d+: 0x[0-9a-f]+ ", Kind::Trace),
        (
            r"^(?:Code: \d+\. )?DB::Exception|^An unexpected error occurred|^ORA-\d{5}: |^Msg \d+, Level \d+|^SQLSTATE\[",
            Kind::Failure,
        ),
        (r"^-- \d+ \w+ in \d+ Requests", Kind::Printed),
        (r"^Assertion (?:failed\b|`)", Kind::Failure),
        // Banners, and a tool's own help.
        (r"^\*{3} \S|^={2,5} \S.*[=)\d]$", Kind::Printed),
        (
            r"^(?:[Uu]sage|USAGE|[Uu]so): \S|^(?:(?:positional|optional) arguments|[Oo]ptions|OPTIONS|(?:Available )?[Cc]ommands|COMMANDS|(?:Global )?(?:Flags|Options)|Arguments|Subcommands|Opciones|Comandos):$|^-{1,2}\w[\w-]*(?:,? --[\w-]+)?(?:[ =]\S+)? {2,}\S",
            Kind::Printed,
        ),
        (r"^(?:Completed|Finished|Done|Processed|Executed|Exited) (?:with|in|successfully)\b", Kind::Printed),
        (r"^[A-Z][a-z]+(?: [a-z]+){1,4}: -?\d+ \([^()]+\)$", Kind::Printed),
        // Browsers' errors; threads of Java.
        (r"^(?:net::|NET::)?ERR_[A-Z_]+$", Kind::Failure),
        (r"^\x22[^\x22]+\x22 (?:#\d+ )?(?:daemon )?prio=\d|^java\.lang\.Thread\.State: ", Kind::Trace),
        // Spreadsheets, EQL, rules of pf, directives of nginx that go on over lines.
        (r"^=[A-Z]{2,}\(", Kind::Code),
        (r"^(?:process|file|network|registry|any|sequence) (?:where|by) \w", Kind::Search),
        (r"^(?:block|pass|rdr|nat|scrub|match) (?:(?:in|out|quick|return|drop|log|all|on \S+) )+", Kind::Keyword),
        (
            r"^(?:log_format|proxy_\w+|add_header|limit_(?:req|conn)\w*|fastcgi_\w+|uwsgi_\w+|ssl_\w+|access_log|error_log|client_\w+|keepalive_\w+|gzip\w*|set_real_ip_from|real_ip_\w+|try_files|server_name|rewrite) .*[;'\x22]$",
            Kind::Directive,
        ),
        // A condition as Python and pseudocode have it: no shell's ends in a colon.
        (r"^(?:if|elif|while) [^;\[]*[<>=!][^;\[]*:(?: .*)?$|^(?:else|try|finally):", Kind::Code),
        // Windows' registry, EventBridge's and NFS' own lines.
        (r"^\[-?HKEY_|^Windows Registry Editor", Kind::Section),
        (r"^(?:\x22[^\x22]+\x22|@)=(?:dword:|hex|\x22)", Kind::Setting),
        (r"^(?:cron\([\d*?/,A-Z# -]+\)|rate\(\d+ (?:minute|hour|day)s?\))$", Kind::Cron),
        (r"^/\S*[ \t]+\S+\((?:rw|ro)[,)]", Kind::Keyword),
        (
            r"^(?:@|[\w*-]+(?:\.[\w-]+)*)[ \t]+\d+[ \t]+IN[ \t]+(?:SOA|NS|A|AAAA|MX|TXT|CNAME|SRV|CAA|PTR)[ \t]",
            Kind::Setting,
        ),
        (
            r"^\[[A-Za-z][\w/-]*\](?:\[[^\]]+\])?(?: \[[\w-]+\])?(?:\(\d+\))? +(?:at \S|[A-Z]\w*(?:Error|Exception)|(?i:error|warn|warning|info|debug)\b|✓|Applying |Starting |Stopping |[Ll]istening|started)",
            Kind::Log,
        ),
        (r"^[\w./-]+: \[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d", Kind::Log),
        // A dialogue with a mail server, typed and answered.
        (
            r"^(?:EHLO|HELO|MAIL FROM:|RCPT TO:|STARTTLS$|AUTH (?:LOGIN|PLAIN)|VRFY |QUIT$|DATA$|RSET$)|^[aA.]\d* (?:LOGIN|LIST|SELECT|STATUS|LOGOUT|FETCH|EXAMINE|CAPABILITY|NOOP|SEARCH|STORE|EXPUNGE)\b",
            Kind::ClientLine,
        ),
        (
            r"^(?:2[125][0-9]|334|354|4[25][0-9]|5[0-5][0-9])[ -](?:\d\.\d\.\d |[A-Za-z])|^\* (?:OK|CAPABILITY|LIST|STATUS|BYE|\d+ (?:EXISTS|RECENT|FETCH))\b",
            Kind::Printed,
        ),
        // What opens a part of a file of settings; no function and no group of commands begins so.
        (
            r"^[a-z*][\w.*:/-]*(?:\.[\w.-]+)+ ?\{$|^(?:log|tls|handle|handle_path|route|header|encode|reverse_proxy|transport|basicauth|basic_auth|file_server|import|php_fastcgi|zone|subnet|pool|options|logging|channel|stream|map|geo|types|vrrp_\w+|virtual_ipaddress|track_script|authentication|notification_email|backend|provider|moved|lifecycle|provisioner|global_defs|listener|seal|storage|telemetry|acl|class)(?: [^(){};|&$]*)?\{$",
            Kind::Directive,
        ),
        (
            r"^(?:export (?:default|const|function|class|async)\b|import (?:\{|\* as|[\w.]+;?$|[\w.]+ (?:from|as) )|from [\w.]+ import |<\?php|#include <|package [\w.]+;?$|type \w+ (?:struct|interface)|return .*;$|console\.\w+\()",
            Kind::Code,
        ),
        // A static method of .NET, as PowerShell calls it.
        (r"^\$?\w* ?=? ?\[[A-Z][\w.]+\]::\w+", Kind::Code),
        // An attribute of Chef or Omnibus: `shop['workers'] = 4`.
        (r"^[a-z_]+(?:\[['\x22][\w.-]+['\x22]\])+ ?=(?:$|[^=~>])", Kind::Setting),
        (r"^HTTP/[\d.]+ \d{3}", Kind::HttpStatus),
        // A command of a chat: its name is no path, and what follows is a word.
        (r"^/[a-z][a-z0-9_-]+ [a-z@#][\w/-]*(?: |$)", Kind::Chat),
        // Only mongo's shell shows these; SQL has them by other names.
        (r"^show (?:dbs|collections|log|logs|profile);?$", Kind::ClientLine),
        // Typed into gdb. Some begin like commands of a shell (`info`).
        (
            r"^(?:info (?:threads|registers|locals|args|frame|breakpoints|sharedlibrary|proc)|threads?(?: apply all)? (?:bt|backtrace|where|\d+)(?: full)?|bt(?: full| \d+)?|backtrace(?: full)?|set (?:pagination|confirm|logging) (?:on|off)|call \(\w+ ?\*?\) ?\w+\(.*\)|detach|generate-core-file(?: \S+)?)$",
            Kind::ClientLine,
        ),
        // Ruby's frames: `from lib/shop.rb:12:in 'sell'`.
        (r"^(?:from )?[\w./@-]+\.rb:\d+:in [`']", Kind::Trace),
        // The rule below the heading of a table, as psql draws it.
        (r"^─+(?:┼─+)+$", Kind::Table),
        (r"^[<>] (?:HTTP/[\d.]+ \d{3}|[\w-]+: )", Kind::HttpStatus),
        (r"^\* (?:Connected|Trying|Host|Server certificate|TLS|SSL|ALPN|Closing|Connection)", Kind::Printed),
        (
            r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?:https?://|/|\{\{|_|[a-z][\w.*-]*/)\S*(?: HTTP/[\d.]+)?$",
            Kind::HttpRequest,
        ),
        // An address that holds a user and a password is a setting, whoever it is shown to.
        (r"^(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?)://[^\s/]+@\S+$", Kind::Setting),
        // Cron before everything that begins with digits or stars.
        (
            r"^(?:(?:\*|\d{1,2}|\d{1,2}-\d{1,2}|[\d,]+)(?:/\d+)?[ \t]+){3}(?:\*|\d{1,2}|[\d,-]+|[A-Za-z,-]{3,11})(?:/\d+)?[ \t]+(?:\*|\d|[\d,-]+|[A-Za-z,-]{3,11})(?:/\d+)?(?:[ \t]+\S|$)",
            Kind::Cron,
        ),
        (r"^@(?:reboot|daily|hourly|weekly|monthly|yearly|midnight) \S", Kind::Cron),
        (
            r"^(?:local|host|hostssl|hostnossl)\s+\S+\s+\S+\s+(?:\S+\s+)?(?:md5|scram-sha-256|trust|peer|reject|ident|cert)\b",
            Kind::Keyword,
        ),
        // Times and levels at the head of a log line.
        (r"^[\[(]?\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d", Kind::Log),
        (r"^[\[(]?\d\d[/-](?:\d\d|[A-Z][a-z]{2})[/-]\d{4}[: ]\d\d:\d\d", Kind::Log),
        (
            r"^\[?(?:[A-Z][a-z]{2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Ene|Abr|Ago|Dic|ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic) +\d{1,2} \d\d:\d\d",
            Kind::Log,
        ),
        (r"^\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?\s+\S", Kind::Log),
        (
            r"^\[(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|CRITICAL|TRACE|NOTICE|ALERT|EMERG|crit|error|warn|notice|info|debug|emerg|alert)\]",
            Kind::Log,
        ),
        (r"^(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|CRITICAL|SEVERE|NOTICE|TRACE)\b[ :\]|-]", Kind::Log),
        (r"^(?:level|ts|time|lvl|severity|t)=\S+ ", Kind::Log),
        (r"\blevel=(?:info|warn|warning|error|debug|fatal)\b.*\b(?:msg|message|err)=", Kind::Log),
        (r"^[IWEF]\d{4} \d\d:\d\d:\d\d", Kind::Log),
        (r"^[a-z][\w.-]*\[\d+\]: \S", Kind::Log),
        // Alertmanager's notice and its labels.
        (r"^\[(?:FIRING|RESOLVED)(?::\d+)?\] \S", Kind::Log),
        (r"^- [a-z_]+ = \S+$", Kind::Property),
        // Events of Kubernetes, as `describe` lists them.
        (r"^(?:Normal|Warning) {2,}\w+ {2,}\S", Kind::Table),
        (r"^\d{1,3}(?:\.\d{1,3}){3} - \S+ \[", Kind::Log),
        (r"^\d+:[A-Z] \d\d \w{3} (?:\d{4} )?\d\d:\d\d", Kind::Log),
        (
            r"^(?:Caused by: |Traceback \(most recent|at (?:async |new )?[\w.$<>]+(?:\(| \()|0x[0-9a-f]{6,} \S+!|File \x22[^\x22]+\x22, line \d+|goroutine \d+ \[|panic: |\.\.\. \d+ more)",
            Kind::Trace,
        ),
        (r"^[\w.]*(?:Exception|Error)(?: \[[^\]]*\])?(?: in [^:]+)?: \S", Kind::Failure),
        (
            r"^(?:error|ERROR|Error|fatal|FATAL|warning|WARNING|Warning|panic|PANIC|err|npm ERR!|npm WARN|E|W|✖|✗|✘|❌)(?:\[[^\]]*\])?:? ?(?:from server|response from|creating|while|\(|:|ELIFECYCLE|code) ?",
            Kind::Failure,
        ),
        (
            r"^(?:error|fatal|warning|panic|ERROR|FATAL|WARNING|PANIC|DETAIL|HINT|CONTEXT|LOG|STATEMENT|NOTICE)(?: \d+ \([\w]+\))?: +\S",
            Kind::Failure,
        ),
        (
            r"^(?:-?bash|sh|zsh|/bin/sh|/bin/bash|curl|psql|pg_dump|pg_restore|mysql|mysqldump|ssh|scp|rsync|tar|ls|cat|rm|cp|mv|mkdir|redis-cli|dig|ssh_exchange_identification|createdb|initdb)(?:\[\d+\])?: [^=]",
            Kind::Failure,
        ),
        (
            r"^(?:docker|kubectl|git|make|npm|node|python3?|java|nginx|wget|helm|terraform)(?:\[\d+\])?: (?:error|Error|ERROR|fatal|cannot|Cannot|unable|\*\*\*|command not|no |No |\[emerg|invalid|unknown|can't|failed)",
            Kind::Failure,
        ),
        (
            r"^(?:Permission denied|Connection refused|No such file|command not found|Connection (?:closed|timed out|reset)|Host key verification|Segmentation fault|Killed|Terminated|Aborted)",
            Kind::Failure,
        ),
        (r"^\((?:error|integer|nil|empty|true|false|\d+ rows?|\d+ filas?|empty (?:list|array)[^)]*)\)", Kind::Printed),
        (r"^\d+\) (?:\x22|\(|\d+\) )", Kind::Printed),
        // Fields of redis' `INFO` and of mysql's `\G`.
        (
            r"^(?:role:(?:master|slave|replica|sentinel)$|[a-z0-9]+(?:_[a-z0-9]+)+:[\w.,=%+-]+$|(?:slave|replica|db|master)\d+:\w+=)",
            Kind::Property,
        ),
        (r"^[A-Z][a-z][A-Za-z]*(?:_[A-Z][A-Za-z]*)+: ", Kind::Property),
        (
            r"^(?:Query OK|\d+ rows? in set|Empty set|Records: \d+|Rows matched|INSERT \d+ \d+|UPDATE \d+|DELETE \d+|SELECT \d+|CREATE (?:TABLE|INDEX|DATABASE|ROLE|EXTENSION)|DROP (?:TABLE|INDEX|DATABASE)|ALTER TABLE|VACUUM|REINDEX)$",
            Kind::Printed,
        ),
        (r"^(?:Query OK,|\d+ rows? in set|Empty set \(|Rows matched: |You are now connected to)", Kind::Printed),
        (
            r"^(?:PONG|OK|QUEUED|pong|ok|200|active|inactive|running|healthy|Healthy|success|Success)[.!]?$",
            Kind::Printed,
        ),
        (
            r"^(?:deployment|pod|service|configmap|secret|statefulset|daemonset|job|node|ingress|namespace|persistentvolumeclaim|cronjob)[\w.]*/[\w.-]+ (?:\w+)",
            Kind::Printed,
        ),
        (r"^(?:deployment|daemon set|statefulset|pod|node|service|job)[\w. ]* \x22[^\x22]+\x22 (?:\w+)", Kind::Printed),
        (
            r"^(?:Waiting for |Successfully |Pulling |Pulled |Status: |Digest: sha256|Sending build context|Step \d+/\d+ |---> |Removing intermediate|Creating [\w-]+ +\.\.\.|Starting [\w-]+ +\.\.\.|Stopping [\w-]+ +\.\.\.|Recreating |Total reclaimed|Deleted |Untagged: |Congratulations|Plan: \d+|Apply complete|Refreshing state|Destroy complete)",
            Kind::Printed,
        ),
        (r"^(?:●|○|✓|✔|✅|☑|✘|✗|×|⚠|⚠️|❌|🟢|🔴|🟡) \S", Kind::Printed),
        (r"^(?:Active|Loaded|Main PID|Tasks|Memory|CPU|CGroup|Docs|TriggeredBy|Drop-In): \S", Kind::Property),
        (r"^total \d+$|^[-dlcbps][rwxsStT-]{9}[.+@]? +\d+ \S+ \S+ ", Kind::Table),
        (r"^\d+(?:[.,]\d+)?[KMGTB]?i?B?[ \t]+[./]\S*$", Kind::Table),
        (r"^(?:tcp|udp)6? +\d+ +\d+ |^(?:tcp|udp|u_str)? ?(?:LISTEN|ESTAB|TIME-WAIT|SYN-SENT) +\d+", Kind::Table),
        (r"^\d+ packets transmitted|^\d+ bytes from |^PING \S+ \(|^rtt min/avg|^icmp_seq", Kind::Printed),
        (r"^;; |^; <<>>|^[\w.-]+\.[ \t]+\d+[ \t]+IN[ \t]+[A-Z]+", Kind::Printed),
        (r"^[+|][-=+]{3,}[-=+| ]*[+|]$|^-+(?:\+-+)+$|^={3,}(?:\s+={3,})*$|^-{3,}(?:\s+-{2,})+$", Kind::Table),
        (r"^[A-Z][A-Z0-9_()%/@.-]*(?:(?: {2,}|\t+)[A-Z%][A-Za-z0-9_()%/@.: -]*)+$", Kind::Table),
        (
            r"^(?:USER +PID|PID +(?:USER|TTY|PPID)|UID +PID|Filesystem +|procs -|avg-cpu|top - |Tasks: |%Cpu|KiB Mem|MiB Mem|Mem: |Swap: |Proto +|Netid|COMMAND +PID|REPOSITORY +|CONTAINER ID|NAMESPACE +|NAME +|LAST SEEN +|Every \d)",
            Kind::Table,
        ),
        (r"^[\w./-]+ +\d+[\d.]*[KMGT]i? +\d+[\d.]*[KMGT]?i? +\d+[\d.]*[KMGT]?i? +\d+% ", Kind::Table),
        (
            r"^[a-z_:][a-z0-9_:]*(?:_[a-z0-9_:]*[a-z0-9_]|\{[^}]*\}) [-+]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)(?: \d+)?$",
            Kind::Sample,
        ),
        (r"\(cost=[\d.]+ rows=|\(actual time=|^(?:QUERY PLAN|Planning Time:|Execution Time:)", Kind::Printed),
        (
            r"^(?:psql \(\d|Type \x22help\x22|SSL connection \(|Welcome to the |Server version: |Your MySQL connection id|Python \d\.\d+\.\d+ \(|Loading \w+ environment|Last login: |Connected to |(?:notBefore|notAfter|subject|issuer|serial|SHA256 Fingerprint) ?=|Copyright \(c\)|Warning: Permanently added)",
            Kind::Printed,
        ),
        (r"^(?:commit [0-9a-f]{7,40}|Author: .+<|Date:   |[0-9a-f]{7,12} \(?[A-Z(])", Kind::Printed),
        (r"^[0-9a-f]{7,10} [A-Za-z][^;|]*$", Kind::Printed),
    ])
});

pub(super) static LATE: LazyLock<Table<Kind>> = LazyLock::new(|| {
    Table::new(&[
        (r"^[\w.-]+[ \t]+\| +\S", Kind::Log),
        (r"^\S.{0,60}\b(?:[Ff]ailed|[Ff]all(?:o|ó)|[Ee]rror): \S.*[^.:]$", Kind::Failure),
        (r"^https?://\S+$", Kind::Url),
        // Which versions are needed: told to a person.
        (r"^[A-Za-z][\w .+-]{0,40} (?:>=|<=|~>|≥|≤) ?v?\d[\w.]*(?: .*)?$", Kind::Prose),
        (r"^[{}\[\]]+,?$|^\x22[^\x22]+\x22\s*:\s|^\x22[^\x22]*\x22,?$", Kind::Json),
        (r"^[/!](?:[a-z][\w-]*)(?: [^/{;]*)?$|^@[a-z][\w-]* [a-z][^;{]*$", Kind::Chat),
        (r"^\\(?:[a-z]{1,2}[+!]?|conninfo|timing|copy|password|watch|pset|gx|errverbose)(?: .*)?;?$", Kind::ClientLine),
        (r"^(?:(?:db|rs|sh)(?:\.[A-Za-z]\w*)+\(|Rails\.cache\.[a-z]\w*[.(])", Kind::ClientLine),
        (r"^(?:show (?:dbs|databases|collections|tables|users)|use \w+);?$", Kind::ClientLine),
        // Search languages.
        (
            r"^fields @|^\| ?(?:filter|fields|stats|sort|limit|where|project|summarize|extend|order|take|parse|dedup|table|top|rex|eval|timechart|chart|json|logfmt|line_format|regexp|unwrap|count|render)\b",
            Kind::Search,
        ),
        (r"^(?:index|sourcetype|source|host)=\S+", Kind::Search),
        (r#"\} ?(?:\|=|\|~|!~|!=|\|) ?["'`a-z]|\|= ?["'`]|\|~ ?["'`]"#, Kind::Search),
        (r"^[\w.@]+ ?:\s?(?:\x22[^\x22]*\x22|\*|[\w*.-]+|\([^()]*\)) (?:AND|OR|NOT|and|or|not) ", Kind::Search),
        (
            r"^(?:-?@?\w+[\w.@]*:(?:\S+|\([^()]*\)) )(?:-?@?[\w.-]+:(?:\([^()]*\)|\x22[^\x22]*\x22|\S+) ?)+$|^WHERE .* (?:GROUP BY|AND|ORDER BY) ",
            Kind::Search,
        ),
        (r"^[A-Z]\w+\s*(?:\n|$|\| )(?:where|summarize|project|take)", Kind::Search),
        (
            r"^project ?= ?\w+ AND |^(?:type|status|resource\.type|severity|logName|jsonPayload\.\w+|textPayload) ?(?:=|>=|=~) ?\S+",
            Kind::Search,
        ),
        // Code.
        (
            r"^(?:import (?:\{|\*|[\w.]+(?:;|$| from | as ))|from [\w.]+ import |package [\w.]+;?$|using [\w.]+;|#include|require\s*\(?['\x22]|const \w+ ?[=:]|let \w+ ?[=:]|var \w+ ?[=: ]|def \w+|class \w+[ :({<]|func \w|fn \w+|pub (?:fn|struct)|public |private |protected |static |async |await |return\b.*;|function \w*\(|export (?:default|const|function|class|async)|module\.exports|@\w+(?:\(|$)|<\?php|\$\w+ = |elsif |end$|try ?[:{]|except |catch ?\(|finally|throw |raise |if \(.*\) ?\{|for \(.*\) ?\{|while \(.*\) ?\{|\} else|console\.|print\(|println|fmt\.|System\.out|puts )",
            Kind::Code,
        ),
        (
            r"^[\w.]+(?:\.\w+)+\(.*\);?$|^[a-zA-Z_][\w.]* = (?:new |\w+[.(]|await |\[(?:$|[\x22'\d\[{])|\{)|^\}\);?$|^\w+\(.*\);$|=> ?\{?$|^\.\w+\(.*\)?[;,]?$",
            Kind::Code,
        ),
        (r"^(?:query|mutation|subscription)(?: \w+)?[ ({]", Kind::Code),
        (r"^\{%-? ?\w", Kind::Code),
        (r"^(?:diff --git|--- a/|\+\+\+ b/|@@ -\d)", Kind::Code),
        (r"^<(?:\?xml|!DOCTYPE|!--|/?[A-Za-z][\w:.-]*(?:\s+[\w:.-]+=[\x22'][^>]*|/)?>)", Kind::Markup),
        // Files.
        (r"^\[{1,2}[\w .:/@\x22*-]+\]{1,2}$", Kind::Section),
        // sudoers.
        (r"^(?:%?[\w.-]+[ \t]+[\w.-]+ ?= ?\([\w:, ]+\) |Defaults(?:[:@>!]\S+)?[ \t]+\S)", Kind::Keyword),
        (
            r"^(?:FROM [\w./:@-]+(?: AS \w+)?|RUN |COPY |ADD |WORKDIR |ENTRYPOINT |CMD \[|EXPOSE \d|ENV \w+|ARG \w+|HEALTHCHECK |LABEL \w)",
            Kind::Keyword,
        ),
        (
            r"^(?:resource|data|module|variable|output|provider|terraform|locals) *(?:\x22[^\x22]*\x22 *){0,2}\{$",
            Kind::Directive,
        ),
        (
            r"^(?:[a-z_][\w.-]*|location .*|upstream \S+|server|http|events|if \(.*\)|/\S+(?: /\S+)*|\S+:\d+|\*?\.?[\w.-]+(?:, [\w.-]+)*)\s*\{$",
            Kind::Directive,
        ),
        (r"^[a-z_]+(?: (?:[^;{}= ]|\S=\S| )+)?;(?: *#.*)?$", Kind::Directive),
        (r"^\}$", Kind::Directive),
        (r"^(?:\S+ +){1,2}(?:ext4|xfs|nfs4?|tmpfs|swap|vfat|btrfs) +\S+ +\d \d$", Kind::Keyword),
        (r"^\d{1,3}(?:\.\d{1,3}){3}[ \t]+[a-z][\w.-]+(?:[ \t]+[a-z][\w.-]+)*$", Kind::Keyword),
        (
            r"^(?:PermitRootLogin|PasswordAuthentication|Port|Host|HostName|User|IdentityFile|ProxyJump|ProxyPass|ServerName|ServerAlias|DocumentRoot|SSLEngine|SSLCertificate\w*|Listen|AllowUsers|ClientAliveInterval|MaxClients|LogLevel|Require|Order|Deny|Allow|Redirect\w*|Rewrite\w+|maxmemory(?:-policy)?|appendonly|appendfsync|save|bind|requirepass|timeout|tcp-keepalive|\* +(?:soft|hard)|\w+ +(?:soft|hard)) +\S+",
            Kind::Keyword,
        ),
        (
            r"^(?:daily|weekly|monthly|hourly|compress|delaycompress|missingok|notifempty|copytruncate|sharedscripts|postrotate|prerotate|endscript|rotate \d+|size \d+\w?|maxage \d+|create \d+ \w+ \w+|su \w+ \w+|dateext)$",
            Kind::Keyword,
        ),
        (
            r"^(?:server|backend|frontend|default_backend|balance|option|mode|acl|use_backend|timeout (?:client|server|connect)|listen) \S+",
            Kind::Keyword,
        ),
        (r"^[A-Za-z][\w.-]*(?:\[\w*\])?\s*=\s*\S", Kind::Setting),
        (r"^[A-Za-z_][\w.-]*\s?=$", Kind::Setting),
        (r"^[A-Z][A-Za-z /()_-]*: {2,}\S|^ {2,}[A-Z][A-Za-z /()_-]*: {2,}\S", Kind::Property),
        (
            r"^(?:[A-Za-z][a-z]*(?:-[A-Za-z]+)+|accept|authorization|content-type|cache-control|user-agent|set-cookie|x-[a-z-]+|Host|Accept|Authorization|Server|Connection|Location|Cookie|Vary|Etag|Via|Age|Allow|Origin|Referer): \S",
            Kind::HttpHeader,
        ),
        // A name and figures, as counts are printed; in a file it is a setting.
        (r"^[A-Za-z][\w.:@/-]*(?:[ \t]+-?\d[\d.,]*%?)+$", Kind::Figure),
    ])
});

pub(super) static YAML: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"^\s*(?:- )*("[^"]+"|'[^']+'|[\w./@$\{}*<>-]+):((?:\s.*)?)$"#));
/// `nginx: configuration file … test failed`: a tool's name and its sentence.
pub(super) static SAID: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^[a-z][\w.-]*: (?:\S+ ){3,}.*\b(?:failed|successful|denied|refused|expired|found|exists?|error|aborted|ok|started|done|completed)\b[.!)]*$",
    )
});
/// What tools say when they fail, wherever it stands in the line.
pub(super) static FAILURE: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"(?i)\b(?:no space left on device|connection (?:refused|reset|timed out|closed)|too many (?:connections|open files|clients)",
        r"|out of memory|(?:permission|access) denied|address already in use|cannot allocate memory|certificate has expired",
        r"|name or service not known|could not connect|unable to connect|bad gateway|service unavailable|gateway time-?out",
        r"|could not be found|no such (?:file|host|container)|command not found|authentication failed|deadlock detected|read-only file system",
        r"|does not exist|failed to|cannot be (?:found|opened|reached)|has expired|certificate expired|memory (?:size|limit) (?:of|exceeded)|no existe|no se pudo|no se encontr|error al)\b",
    ))
});
/// Four columns or more: a sentence has no such gaps.
pub(super) static MANY_COLUMNS: LazyLock<Test> =
    LazyLock::new(|| test(r"^\S+(?: \S+)*(?:(?: {2,}|\t+)\S+(?: \S+)*){3,}$"));
pub(super) static BULLET: LazyLock<Test> = LazyLock::new(|| test(r"^(?:[-*•+] |\d{1,2}(?:[.)]| -) |\[[ xX]\] |☐ |□ )"));
pub(super) static COLUMNS: LazyLock<Test> =
    LazyLock::new(|| test(r"^\S+(?: \S+)?(?: {2,}|\t+)\S+(?: \S+)*(?:(?: {2,}|\t+)\S+(?: \S+)*)+$"));
