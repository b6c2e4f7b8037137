//! Text that files and servers wrote, shown so that it does nothing to whoever reads it.

use wire::Redaction;
use wire::steering::steers_terminal;

/// Text from the lab, without secrets, that does nothing to whoever reads it.
pub(super) fn shown(redaction: &Redaction, text: &str) -> String {
    visible(&redaction.hide(text))
}

/// The same, as one line.
pub(super) fn on_one_line(redaction: &Redaction, text: &str) -> String {
    shown(redaction, &text.replace('\n', " "))
}

/// Text with control characters and changes of direction made visible, so that nothing that a server sent acts on the
/// terminal (CWE-150), and no line of it a workflow command of GitHub Actions, which reads them indented too.
pub(crate) fn visible(text: &str) -> String {
    let mut visible: String =
        text.chars().map(|c| if steers_terminal(c) && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    if visible.contains("::") || visible.contains("##[") {
        let inert = |line: &str| {
            let line = line.replace("##[", "##\u{200b}[");
            let start = line.len() - line.trim_start().len();
            if line[start..].starts_with("::") { format!("{}\u{200b}{}", &line[..start], &line[start..]) } else { line }
        };
        visible = visible.split('\n').map(inert).collect::<Vec<_>>().join("\n");
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atk_h15_what_a_server_sent_does_not_act_on_the_terminal() {
        let hostile = "\u{1b}]52;c;aGk=\u{7} \u{202e}gnp.exe\r\u{9b}31m";
        let text = shown(&Redaction::default(), hostile);
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }

    #[test]
    fn atk_h14_no_line_that_a_server_sent_is_a_workflow_command() {
        let hostile = "all well\n  ::error file=x::forged\n##[warning]forged\n::stop-commands::x\nstd::fmt stays";
        let text = visible(hostile);
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::") || line.contains("##[")), "{text:?}");
        assert!(text.ends_with("std::fmt stays"), "{text:?}");
    }
}
