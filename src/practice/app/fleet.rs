//! One release running: so many instances, each with so many workers that hold one connection each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Counts, Release,
    database_url::Target,
    worker::{Job, News, Worker},
};

/// More connections than this an app of practice never wants.
const MOST: u32 = 200;
/// Jobs that may wait for one worker.
const QUEUE: usize = 64;
/// Definite failures after which a release is given up.
const TRIES: u32 = 3;
/// A release that is going to crash does so after this long.
const CRASH: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) struct Fleet {
    /// The first worker of each instance, then the second of each, and so on.
    workers: Vec<mpsc::Sender<Job>>,
    instances: u32,
    crashes: bool,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    news: mpsc::Receiver<News>,
}

impl Fleet {
    pub(super) fn start(
        release: &Release,
        target: &Target,
        shift: &watch::Receiver<u32>,
        counts: &Arc<Counts>,
    ) -> Self {
        let instances = release.instances.clamp(1, MOST);
        let workers = target.limit.unwrap_or(u32::MAX).min(release.workers);
        let workers = workers.clamp(1, (MOST / instances).max(1));
        let stop = CancellationToken::new();
        let (tell, news) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        let mut doors = Vec::new();
        for place in 0..workers {
            for instance in 0..instances {
                let (door, jobs) = mpsc::channel(QUEUE);
                doors.push(door);
                let worker = Worker {
                    instance,
                    place,
                    target: target.clone(),
                    shift: shift.clone(),
                    stop: stop.clone(),
                    counts: Arc::clone(counts),
                    news: tell.clone(),
                };
                tasks.spawn(worker.work(jobs));
            }
        }
        Self { workers: doors, instances, crashes: release.crashes, stop, tasks, news }
    }

    pub(crate) fn size(&self) -> u32 {
        u32::try_from(self.workers.len()).unwrap_or(MOST)
    }

    /// Gives a job to the next worker on duty, as a load balancer does that knows nothing of their connections.
    /// False where that worker has too much to do.
    pub(super) fn give(&self, number: u64, on_duty: u32, job: Job) -> bool {
        let on_duty = u64::from(self.instances.saturating_mul(on_duty).min(self.size()).max(1));
        let next = usize::try_from(number % on_duty).unwrap_or(0);
        self.workers.get(next).is_some_and(|worker| worker.try_send(job).is_ok())
    }

    /// Waits until every instance has reached its database; the reason where that does not happen.
    pub(crate) async fn healthy(&mut self, patience: Duration) -> Result<(), String> {
        if self.crashes {
            tokio::time::sleep(CRASH).await;
            return Err("your container exited with a non-zero exit code".to_owned());
        }
        let began = Instant::now();
        let mut well = vec![false; usize::try_from(self.instances).unwrap_or(1)];
        let mut failures = 0;
        let mut last = "no instance reached its database".to_owned();
        while well.iter().any(|well| !well) {
            let left = patience.saturating_sub(began.elapsed());
            match timeout(left, self.news.recv()).await {
                Ok(Some(News::Serving { instance })) => {
                    let at = usize::try_from(instance).unwrap_or(usize::MAX);
                    if let Some(well) = well.get_mut(at) {
                        *well = true;
                    }
                }
                Ok(Some(News::NoSlot(said))) => last = said,
                Ok(Some(News::Broken(said))) => {
                    failures += 1;
                    if TRIES <= failures {
                        return Err(said);
                    }
                    last = said;
                }
                Ok(None) | Err(_) => return Err(last),
            }
        }
        Ok(())
    }

    /// Ends all workers; their connections are closed when it returns.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Those that do not end by themselves end with the set.
        timeout(Duration::from_secs(3), ended).await.ok();
    }
}
