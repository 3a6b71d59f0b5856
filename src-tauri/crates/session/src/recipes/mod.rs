//! Recipes: what the guides teach, written for the user's own services. Each says what it would put into the tray; nothing is kept here.

mod blue_green;
mod circuit_breaker;
mod default_deny;
mod egress;
mod fault_test;
mod header_canary;
mod ingress_tls;
mod jwt_edge;
mod kitchen;
mod mesh_strict;
mod mirror;
mod percent_canary;
mod retry_budget;

use std::collections::BTreeMap;

pub use kitchen::Dish;
use kitchen::Kitchen;
pub(crate) use kitchen::{SECURITY, changed, without};

use world::said;

use crate::{Error, Result, Session};

/// What a field of a recipe takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `namespace/name` of a service.
    Service,
    /// A version of the service: a subset, or a value of the label `version`.
    Version,
    /// A namespace.
    Namespace,
    /// 0 to 100.
    Percent,
    /// A whole number.
    Number,
    /// Any text.
    Text,
}

/// A field of a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingredient {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it starts with; empty where the user has to say.
    pub usual: &'static str,
    /// What it may be; empty where that is not a list.
    pub one_of: &'static [&'static str],
}

/// A recipe.
pub struct Recipe {
    /// Stable name.
    pub id: &'static str,
    /// What it needs to know.
    pub needs: &'static [Ingredient],
    write: fn(&Kitchen<'_>) -> Result<Vec<Dish>>,
}

const fn needs(name: &'static str, takes: Takes, usual: &'static str) -> Ingredient {
    Ingredient { name, takes, usual, one_of: &[] }
}

const fn chooses(name: &'static str, one_of: &'static [&'static str], usual: &'static str) -> Ingredient {
    Ingredient { name, takes: Takes::Text, usual, one_of }
}

/// Every recipe, in the order in which they are shown.
pub const ALL: [&Recipe; 12] = [
    &header_canary::RECIPE,
    &percent_canary::RECIPE,
    &blue_green::RECIPE,
    &mirror::RECIPE,
    &fault_test::RECIPE,
    &circuit_breaker::RECIPE,
    &retry_budget::RECIPE,
    &egress::RECIPE,
    &ingress_tls::RECIPE,
    &jwt_edge::RECIPE,
    &default_deny::RECIPE,
    &mesh_strict::RECIPE,
];

impl Session {
    /// What a recipe would put into the tray, with these values.
    ///
    /// # Errors
    /// Where there is no such recipe, a value is missing or unusable, or a service is not there.
    pub async fn recipe(&self, id: &str, values: &BTreeMap<String, String>) -> Result<Vec<Dish>> {
        let unknown =
            || Error::Field { field: "recipe", reason: said!("there is no recipe '{id}'", "没有配方“{id}”") };
        let recipe = ALL.into_iter().find(|recipe| recipe.id == id).ok_or_else(unknown)?;
        let apis = self.connection().apis().await?;
        let (live, ready) = (self.world(), self.drafted().await?);
        let tray = self.tray.borrow().clone();
        let flows = self.traffic.borrow().over(3600, &ready);
        let version =
            |group: &str, kind: &str| apis.find(group, kind).map_or_else(|| "v1".into(), |api| api.version.clone());
        let kitchen = Kitchen {
            ready: &ready,
            world: ready.world(),
            live: &live,
            tray: &tray,
            flows: &flows,
            values,
            version: &version,
        };
        for need in recipe.needs {
            kitchen.check(need)?;
        }
        (recipe.write)(&kitchen)
    }
}
