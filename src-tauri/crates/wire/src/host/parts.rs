//! What several calls answer with.

use std::sync::Arc;

use session::Session;

use super::Host;
use crate::types::{ClusterCard, Clusters, Draft, Review};
use crate::{Fault, convert};

impl Host {
    pub(super) fn session(&self, id: &str) -> Result<Arc<Session>, Fault> {
        Ok(self.bench.session(id)?)
    }

    pub(super) fn listed(&self) -> Clusters {
        let (cards, files) = self.bench.clusters();
        Clusters {
            clusters: cards.into_iter().map(convert::card).collect(),
            files: files.into_iter().map(convert::file).collect(),
        }
    }

    /// The session's card as the settings have it now: it may have been marked as production since.
    pub(super) fn card(&self, session: &Session) -> ClusterCard {
        let mut card = session.card().clone();
        if let Some(now) = self.bench.clusters().0.into_iter().find(|now| now.id == card.id) {
            card.production = now.production;
        }
        convert::card(card)
    }

    pub(super) async fn tray(&self, session: &Session) -> Result<Draft, Fault> {
        let effect = session.effect().await?;
        let tray = session.tray().borrow().clone();
        Ok(convert::draft(&tray, &session.world(), effect.as_deref()))
    }

    pub(super) async fn reviewed(&self, session: &Session, plan: &session::write::review::Plan) -> Review {
        let production = self.card(session).production;
        convert::review(session.engine(), plan, &session.world(), production)
    }
}
