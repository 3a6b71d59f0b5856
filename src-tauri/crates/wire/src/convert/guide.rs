//! Objects that are written step by step.

use mesh::guide::{self, Takes};
use serde_json::Value;

use super::all;
use crate::types::{Guide, GuideAlong, GuideAsk, GuideOffer, GuidePart, GuideStage, GuideTakes};

impl From<guide::Guide> for Guide {
    fn from(guide: guide::Guide) -> Self {
        Self { list: guide.list, fresh: guide.fresh, parts: all(guide.parts) }
    }
}

impl From<guide::Part> for GuidePart {
    fn from(part: guide::Part) -> Self {
        Self { path: part.pointer, says: part.says.into(), stages: all(part.stages) }
    }
}

impl From<guide::Stage> for GuideStage {
    fn from(stage: guide::Stage) -> Self {
        Self { title: stage.title.into(), asks: all(stage.asks) }
    }
}

impl From<guide::Ask> for GuideAsk {
    fn from(ask: guide::Ask) -> Self {
        let (takes, offers, text, start) = match ask.takes {
            Takes::One(offers) => (GuideTakes::One, all(offers), String::new(), Value::Null),
            Takes::Text => (GuideTakes::Text, Vec::new(), String::new(), Value::Null),
            Takes::Number => (GuideTakes::Number, Vec::new(), String::new(), Value::Null),
            Takes::Yaml { text, start } => (GuideTakes::Yaml, Vec::new(), text, start),
        };
        Self {
            path: ask.pointer,
            title: ask.title.into(),
            help: ask.help.into(),
            note: ask.note.into(),
            takes,
            offers,
            text,
            start,
            seldom: ask.seldom,
            along: ask.along.into_iter().map(|(path, value)| GuideAlong { path, value }).collect(),
        }
    }
}

impl From<guide::Offer> for GuideOffer {
    fn from(offer: guide::Offer) -> Self {
        Self { value: offer.value, means: offer.means.into(), without: offer.without }
    }
}
