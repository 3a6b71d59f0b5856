//! Objects that are written step by step.

use serde_json::Value;

use super::{Said, wire};

wire! {
    /// How an object is written step by step.
    pub struct Guide {
        /// JSON pointer of the list whose items are the parts.
        pub list: String,
        /// A part to begin with.
        #[ts(type = "unknown")]
        pub fresh: Value,
        pub parts: Vec<GuidePart>,
    }
}

wire! {
    pub struct GuidePart {
        /// JSON pointer.
        pub path: String,
        /// What it does, in a sentence.
        pub says: Said,
        pub stages: Vec<GuideStage>,
    }
}

wire! {
    /// One step.
    pub struct GuideStage { pub title: Said, pub asks: Vec<GuideAsk> }
}

wire! {
    pub enum GuideTakes { One, Text, Number, Yaml }
}

wire! {
    /// One field of a step.
    pub struct GuideAsk {
        /// JSON pointer.
        pub path: String,
        pub title: Said,
        /// What it means, or what its present value does.
        pub help: Said,
        /// What goes wrong with what stands there, though nobody may refuse it.
        pub note: Said,
        pub takes: GuideTakes,
        /// What can be chosen.
        pub offers: Vec<GuideOffer>,
        /// What stands there now, as YAML; of that alone.
        pub text: String,
        /// A value to begin with, of YAML alone.
        #[ts(type = "unknown")]
        pub start: Value,
        /// Few need it.
        pub seldom: bool,
        /// What has to stand beside it.
        pub along: Vec<GuideAlong>,
    }
}

wire! {
    /// A field with the value that it gets where it has none yet.
    pub struct GuideAlong {
        /// JSON pointer.
        pub path: String,
        #[ts(type = "unknown")]
        pub value: Value,
    }
}

wire! {
    /// A value to choose.
    pub struct GuideOffer {
        pub value: String,
        pub means: Said,
        /// JSON pointers of what must not stand beside it.
        pub without: Vec<String>,
    }
}
