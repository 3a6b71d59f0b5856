//! What the scanner says of a broken text, in both languages.

use crate::Said;

/// What people run into most; the scanner has dozens more, which are told as they are.
const KNOWN: &[(&str, &str)] = &[
    ("mapping values are not allowed in this context", "此处不能有映射的值：是否多了冒号，或缩进不对"),
    ("while parsing a block mapping, did not find expected key", "此处应为映射的键：请检查缩进"),
    ("while parsing a block collection, did not find expected '-' indicator", "此处应为列表项的“-”：请检查缩进"),
    ("block sequence entries are not allowed in this context", "此处不能有列表项：请检查缩进"),
    ("while parsing a flow sequence, expected ',' or ']'", "列表中应为“,”或“]”"),
    ("while parsing a flow mapping, did not find expected ',' or '}'", "映射中应为“,”或“}”"),
    ("while parsing a node, did not find expected node content", "此处缺少内容"),
    ("while parsing node, found unknown anchor", "没有这个锚点"),
    ("simple key expected ':'", "键后面应为“:”"),
    ("simple key is no longer valid", "键必须写在一行内，后面应为“:”"),
    ("invalid indentation", "缩进无效"),
    ("invalid indentation in flow construct", "括号内的缩进无效"),
    ("tabs disallowed within this context (block indentation)", "缩进不能用制表符，请用空格"),
    ("tabs disallowed in this context", "此处不能用制表符，请用空格"),
    ("tab cannot be used as indentation", "缩进不能用制表符，请用空格"),
    ("while parsing a quoted scalar, found unknown escape character", "引号中有未知的转义字符"),
    ("while scanning a quoted scalar, found unexpected document indicator", "引号没有结束"),
    ("did not find expected <document start>", "此处应为新文档的开头"),
];

/// One of its sentences.
pub(super) fn said(info: &str) -> Said {
    match KNOWN.iter().find(|(en, _)| *en == info) {
        Some((en, zh)) => Said::new(*en, *zh),
        None => Said::new(info, format!("YAML 语法错误：{info}")),
    }
}
