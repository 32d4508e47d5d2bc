//! Fixes that change the URLs, after which the test runs again.

use super::{Effect, Phase, Step};
use crate::{
    domain::{conn_url::ConnUrl, diagnosis::Repair, problem::Problem, secret::Secret},
    setup::{Ctx, step::StepId},
};

impl Step {
    pub(super) fn repair(&mut self, ctx: &mut Ctx<'_>, repair: &Repair) {
        let authority = ctx.facts.cluster.as_ref().and_then(|cluster| cluster.ca.clone());
        let Some(urls) = &mut ctx.facts.urls else { return };
        repair.apply(&mut urls.pooled, &mut urls.direct);
        match (repair, &mut urls.private) {
            (Repair::Certificate, _) => urls.ca = authority,
            // It has a host of its own.
            (Repair::Host(_), _) | (_, None) => {}
            (_, Some((pooled, direct))) => repair.apply(pooled, direct),
        }
        ctx.facts.changed(StepId::Urls);
        self.run(ctx);
    }

    pub(super) fn fetch_password(&mut self, ctx: &mut Ctx<'_>, user: String) {
        let Some(cluster) = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone()) else {
            return;
        };
        let effect = Effect::FetchPassword { cluster, user: user.clone() };
        self.phase = Phase::FetchingPassword(ctx.start(effect), user);
    }

    pub(super) fn fetched(&mut self, ctx: &mut Ctx<'_>, user: &str, password: &Secret) {
        let urls = ctx.facts.urls.as_ref();
        let used: Vec<&ConnUrl> = urls
            .iter()
            .flat_map(|urls| [&urls.pooled, &urls.direct])
            .filter(|url| url.user == user)
            .collect();
        if used.iter().all(|url| url.password.as_ref() == Some(password)) {
            self.phase = Phase::Failed(
                Problem::new(
                    "28P01",
                    format!("The account tells the password of {user} that was refused."),
                    "Most likely: it was changed in the database itself, so the account does not know the new one.",
                )
                .fix("Paste the password", crate::domain::problem::Fix::TypePassword(user.to_owned()))
                .hint(format!(
                    "Or reset the password of {user} on the cluster's Users & Databases page; whoever uses it then needs the new one"
                )),
            );
            return;
        }
        if let Some(cluster) = &mut ctx.facts.cluster {
            for known in cluster.users.iter_mut().filter(|known| known.name == user) {
                known.password = Some(password.clone());
            }
            let direct = &mut cluster.cluster.direct;
            if direct.user == user {
                direct.password = Some(password.clone());
            }
        }
        self.use_password(ctx, user, password);
    }

    /// Puts the password into every URL of this user and tests again.
    pub(super) fn use_password(&mut self, ctx: &mut Ctx<'_>, user: &str, password: &Secret) {
        let Some(urls) = &mut ctx.facts.urls else { return };
        let private = urls.private.iter_mut().flat_map(|(pooled, direct)| [pooled, direct]);
        for url in [&mut urls.pooled, &mut urls.direct].into_iter().chain(private) {
            if url.user == user {
                url.password = Some(password.clone());
            }
        }
        ctx.facts.changed(StepId::Urls);
        self.run(ctx);
    }
}
