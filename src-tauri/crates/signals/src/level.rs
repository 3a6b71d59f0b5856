//! The log levels of an Envoy: `/logging`; and the one of a ztunnel (istio/ztunnel src/admin.rs, `handle_logging`).

/// Levels that a logger may have (Envoy `source/common/common/base_logger.h`), the most talkative first.
pub const LEVELS: [&str; 7] = ["trace", "debug", "info", "warning", "error", "critical", "off"];

/// The name of a ztunnel's one level, and what it says before it.
const NODE: (&str, &str) = ("ztunnel", "current log level is ");
/// What a ztunnel calls a level, where Envoy calls it otherwise.
const OTHERWISE: (&str, &str) = ("warn", "warning");

/// (logger, level) of each, as `POST /logging` lists them. What is no such line is passed over.
pub fn read(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    if let Some(levels) = text.trim().strip_prefix(NODE.1) {
        // Those of its parts stand before its own.
        let own = levels.split(',').rfind(|level| !level.contains('='));
        let own = own.map(|level| if level == OTHERWISE.0 { OTHERWISE.1 } else { level });
        return own
            .filter(|level| LEVELS.contains(level))
            .map(|level| (NODE.0.into(), level.into()))
            .into_iter()
            .collect();
    }
    let line = |line: &str| {
        let (logger, level) = line.trim().split_once(": ")?;
        (LEVELS.contains(&level) && is_logger(logger)).then(|| (logger.to_owned(), level.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// The question that sets these loggers; `None` where one of them is no logger or no level.
pub fn ask(levels: &[(String, String)]) -> Option<String> {
    if let [(logger, level)] = levels
        && logger == NODE.0
    {
        let level = if level == OTHERWISE.1 { OTHERWISE.0 } else { level };
        let has = level == OTHERWISE.0 || LEVELS.contains(&level) && level != "critical";
        return has.then(|| format!("/logging?level={level}"));
    }
    let sound = levels.iter().all(|(logger, level)| is_logger(logger) && LEVELS.contains(&level.as_str()));
    let pairs: Vec<String> = levels.iter().map(|(logger, level)| format!("{logger}:{level}")).collect();
    (sound && !pairs.is_empty()).then(|| format!("/logging?paths={}", pairs.join(",")))
}

fn is_logger(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_asked_for() {
        let all = read(b"active loggers:\n  a2a: warning\n  conn_handler: debug\n  odd: loud\n\n<html>: info\n");
        let pair = |logger: &str, level: &str| (logger.to_owned(), level.to_owned());
        assert_eq!(all, [pair("a2a", "warning"), pair("conn_handler", "debug")]);
        assert_eq!(ask(&all).as_deref(), Some("/logging?paths=a2a:warning,conn_handler:debug"));
        for bad in [pair("a&level=off", "info"), pair("admin", "loud"), pair("", "info")] {
            assert_eq!(ask(&[bad]), None);
        }
        assert_eq!(ask(&[]), None);
    }

    #[test]
    fn the_level_of_a_ztunnel() {
        let one = |level: &str| [("ztunnel".to_owned(), level.to_owned())];
        assert_eq!(read(b"current log level is hickory_server::server::server_future=off,info\n"), one("info"));
        assert_eq!(read(b"current log level is warn\n"), one("warning"));
        assert_eq!(read(b"current log level is a=off\n"), []);
        assert_eq!(ask(&one("debug")).as_deref(), Some("/logging?level=debug"));
        assert_eq!(ask(&one("warning")).as_deref(), Some("/logging?level=warn"));
        assert_eq!((ask(&one("critical")), ask(&one("info,x"))), (None, None));
    }
}
