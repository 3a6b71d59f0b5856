//! What the mesh does with a request.

use mesh::{Request, Verdict};

use crate::template::{self, Template, Wanted};
use crate::{Result, Session};

impl Session {
    /// What becomes of a request, in the cluster or with the tray applied.
    ///
    /// # Errors
    /// A defect alone: what cannot be known is an answer.
    pub async fn explain(&self, request: Request, with_draft: bool) -> Result<Verdict> {
        let ready = if with_draft { self.drafted().await? } else { self.ready().await? };
        Ok(ready.explain(&request))
    }

    /// A new object to start from, at the version that this cluster serves.
    ///
    /// # Errors
    /// Where what it is for is not there.
    pub async fn template(&self, wanted: &Wanted) -> Result<Template> {
        let apis = self.connection().apis().await?;
        let world = self.drafted().await?.world().clone();
        let version =
            |group: &str, kind: &str| apis.find(group, kind).map_or_else(|| "v1".into(), |api| api.version.clone());
        template::write(&world, wanted, version)
    }
}
