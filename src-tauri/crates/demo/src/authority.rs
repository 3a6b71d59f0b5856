//! Who signs the certificates of the proxies: the mesh's own authority, and one that only a stray proxy trusts.

use std::time::{Duration, SystemTime};

use base64::Engine;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

use crate::proxies::Proxy;
use crate::shop::Proxy as Condition;

const HOUR: Duration = Duration::from_secs(3600);

/// One that signs.
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Both.
pub(crate) struct Authority {
    mesh: Signer,
    stray: Signer,
}

/// What a proxy shows and trusts, each PEM in base64, as Envoy writes them.
pub(crate) struct Papers {
    pub(crate) chain: String,
    pub(crate) roots: String,
}

/// How a certificate's time is set: hours since it began, hours left. A day, renewed at half its time; two were not renewed.
pub(crate) fn times(proxy: &Proxy) -> (u32, i32) {
    match proxy.condition {
        Condition::Expiring => (23, 1),
        Condition::Ended => (27, -3),
        _ => (6, 18),
    }
}

impl Authority {
    pub(crate) fn new() -> Result<Self, rcgen::Error> {
        Ok(Self { mesh: Signer::new()?, stray: Signer::new()? })
    }

    pub(crate) fn papers(&self, proxy: &Proxy) -> Result<Papers, rcgen::Error> {
        self.signed(&proxy.principal(), proxy.condition == Condition::Strayed, times(proxy))
    }

    /// For an identity, by the stray authority or the mesh's.
    pub(crate) fn signed(
        &self,
        identity: &str,
        stray: bool,
        (since, left): (u32, i32),
    ) -> Result<Papers, rcgen::Error> {
        let signer = if stray { &self.stray } else { &self.mesh };
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = vec![SanType::URI(identity.try_into()?)];
        let now = SystemTime::now();
        params.not_before = (now - HOUR * since).into();
        let span = HOUR * left.unsigned_abs();
        params.not_after = if left < 0 { now - span } else { now + span }.into();
        let leaf = params.signed_by(&KeyPair::generate()?, &signer.issuer)?.pem();
        let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        Ok(Papers { chain: encoded(&leaf), roots: encoded(&signer.pem) })
    }
}

impl Signer {
    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "cluster.local");
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }
}
