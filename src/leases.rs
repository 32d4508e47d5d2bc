//! Temporary access that was given, noted on disk before it is sent: the next start ends what a crash has left.
//!
//! One file for each rule of ours, without secrets. A run holds a lock as long as it lives, so that a second one that
//! runs beside it leaves its access alone.

use std::{
    fs::{self, File, TryLockError},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    disk::{self, DiskError},
    domain::{
        access::{Granted, Kept, Lease},
        cluster::ClusterId,
    },
};

/// Nothing of ours is larger.
const LARGEST: u64 = 64 << 10;

/// The leases of one run, and those that earlier runs left.
#[derive(Debug)]
pub struct Leases {
    folder: PathBuf,
    run: String,
    /// Taken with the first lease, let go with the end of the program, however it ends.
    lock: OnceLock<File>,
}

/// What a file holds.
#[derive(Debug, Deserialize, Serialize)]
struct Saved {
    version: u32,
    /// Who gave it.
    run: String,
    cluster: String,
    cluster_name: String,
    address: Ipv4Addr,
    /// RFC 3339; none: until it is removed.
    until: Option<String>,
    description: String,
    rule: Option<String>,
}

const VERSION: u32 = 1;

impl Saved {
    fn of(run: &str, kept: &Kept) -> Self {
        let Kept { granted: Granted { cluster, cluster_name, lease }, description, rule } = kept;
        Self {
            version: VERSION,
            run: run.to_owned(),
            cluster: cluster.0.clone(),
            cluster_name: cluster_name.clone(),
            address: lease.address,
            until: lease.until.map(|until| until.to_string()),
            description: description.clone(),
            rule: rule.clone(),
        }
    }

    /// A time that can't be read is over: what was to end some day ends at the next start.
    fn kept(self) -> Kept {
        let time = |until: String| until.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let lease = Lease { address: self.address, until: self.until.map(time), was_there: false };
        let cluster = ClusterId(self.cluster);
        let granted = Granted { cluster, cluster_name: self.cluster_name, lease };
        Kept { granted, description: self.description, rule: self.rule }
    }
}

impl Leases {
    /// Nothing is touched before the first lease.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, run: uuid::Uuid::new_v4().simple().to_string(), lock: OnceLock::new() }
    }

    /// Notes a rule, in the place of what was noted for its cluster and address.
    pub fn keep(&self, kept: &Kept) -> Result<(), DiskError> {
        disk::private_folder(&self.folder)?;
        self.live()?;
        let Granted { cluster, lease, .. } = &kept.granted;
        let old = self.noted(|saved| is_for(saved, cluster, lease.address));
        let path = self.folder.join(format!("{}.json", uuid::Uuid::new_v4().simple()));
        let mut text = serde_json::to_vec_pretty(&Saved::of(&self.run, kept)).unwrap_or_default();
        text.push(b'\n');
        disk::write(&path, &text, disk::Expected::NoFile, disk::Access::Private)?;
        old.into_iter().try_for_each(|(path, _)| disk::remove(&path))
    }

    /// Drops the note of a rule that is gone.
    pub fn forget(&self, cluster: &ClusterId, address: Ipv4Addr) -> Result<(), DiskError> {
        let noted = self.noted(|saved| is_for(saved, cluster, address));
        noted.into_iter().try_for_each(|(path, _)| disk::remove(&path))
    }

    /// What is ours to remove for this cluster and address: given by this run, or by one that is over.
    pub fn of(&self, cluster: &ClusterId, address: Ipv4Addr) -> Option<Kept> {
        let mut noted = self.noted(|saved| is_for(saved, cluster, address));
        noted.pop().map(|(_, saved)| saved.kept())
    }

    /// What runs that are over have left.
    pub fn left_behind(&self) -> Vec<Kept> {
        if !self.folder.is_dir() {
            return Vec::new();
        }
        // What is left of a write that was stopped is no lease yet.
        disk::sweep(&self.folder, Duration::from_secs(60)).ok();
        let noted = self.noted(|saved| saved.run != self.run);
        self.drop_old_locks(&noted);
        noted.into_iter().map(|(_, saved)| saved.kept()).collect()
    }

    /// Files of this run and of runs that are over. One that can't be read is left alone.
    fn noted(&self, wanted: impl Fn(&Saved) -> bool) -> Vec<(PathBuf, Saved)> {
        let files = self.files("json");
        let read = |path: PathBuf| {
            let bytes = disk::read(&path, LARGEST).ok()??;
            let saved: Saved = serde_json::from_slice(&bytes).ok()?;
            (saved.version == VERSION).then_some((path, saved))
        };
        let is_free = |saved: &Saved| saved.run == self.run || !self.lives(&saved.run);
        files
            .into_iter()
            .filter_map(read)
            .filter(|(_, saved)| wanted(saved) && is_free(saved))
            .collect()
    }

    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
    }

    fn lock_of(&self, run: &str) -> PathBuf {
        self.folder.join(format!("{run}.lock"))
    }

    /// From now on other runs see that this one lives.
    fn live(&self) -> Result<(), DiskError> {
        if self.lock.get().is_some() {
            return Ok(());
        }
        let path = self.lock_of(&self.run);
        let failed = |source| DiskError::Io { act: "lock", path: path.clone(), source };
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            // Another effect of this run may have been faster: then its lock serves.
            Ok(()) => self.lock.set(file).or(Ok(())),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Its lock is held. Where that can't be found out, it is taken for alive.
    fn lives(&self, run: &str) -> bool {
        match File::open(self.lock_of(run)) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(err) => err.kind() != std::io::ErrorKind::NotFound,
        }
    }

    /// Locks of runs that are over and left nothing.
    fn drop_old_locks(&self, noted: &[(PathBuf, Saved)]) {
        for path in self.files("lock") {
            let run = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let is_needed = noted.iter().any(|(_, saved)| saved.run == run);
            if run != self.run && !is_needed && !self.lives(run) {
                remove_quietly(&path);
            }
        }
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        if self.lock.get().is_some() && self.noted(|saved| saved.run == self.run).is_empty() {
            remove_quietly(&self.lock_of(&self.run));
        }
    }
}

/// An empty lock file that stays is no harm.
fn remove_quietly(path: &Path) {
    fs::remove_file(path).ok();
}

fn is_for(saved: &Saved, cluster: &ClusterId, address: Ipv4Addr) -> bool {
    saved.cluster == cluster.0 && saved.address == address
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn kept(cluster: &str, until: Option<&str>) -> Kept {
        let lease = Lease {
            address: Ipv4Addr::new(203, 0, 113, 7),
            until: until.map(|until| until.parse().unwrap()),
            was_there: false,
        };
        let cluster = ClusterId(cluster.to_owned());
        let granted = Granted { cluster, cluster_name: "shop-db".to_owned(), lease };
        Kept::new(granted, &TimeZone::UTC)
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    #[test]
    fn a_run_that_lives_keeps_its_leases_and_one_that_is_over_leaves_them() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("leases");
        let first = Leases::new(folder.clone());
        let ours = kept("c1", Some("2026-11-12T15:20:00Z"));
        first.keep(&ours).unwrap();

        let second = Leases::new(folder.clone());
        assert_eq!(second.left_behind(), []);
        assert_eq!(second.of(&ours.granted.cluster, ours.granted.lease.address), None);

        drop(first);
        assert_eq!(second.left_behind(), std::slice::from_ref(&ours));
        assert_eq!(
            second.of(&ours.granted.cluster, ours.granted.lease.address),
            Some(ours.clone())
        );

        second.forget(&ours.granted.cluster, ours.granted.lease.address).unwrap();
        assert_eq!(second.left_behind(), []);
        drop(second);
        assert_eq!(files(&folder), 0);
    }

    #[test]
    fn each_cluster_and_address_has_one_note_and_the_newest_counts() {
        let data = tempfile::tempdir().unwrap();
        let leases = Leases::new(data.path().join("leases"));
        let confirmed = Kept { rule: Some("r1".to_owned()), ..kept("c1", None) };
        for note in [&kept("c1", Some("2026-11-12T15:20:00Z")), &kept("c2", None), &confirmed] {
            leases.keep(note).unwrap();
        }
        let of = |cluster: &str| {
            leases.of(&ClusterId(cluster.to_owned()), Ipv4Addr::new(203, 0, 113, 7))
        };
        assert_eq!((of("c1"), of("c2")), (Some(confirmed), Some(kept("c2", None))));
        assert_eq!(of("c3"), None);
    }

    #[cfg(unix)]
    #[test]
    fn notes_are_their_owners_alone_and_hold_no_more_than_is_needed() {
        use std::os::unix::fs::MetadataExt as _;
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("leases");
        let leases = Leases::new(folder.clone());
        leases.keep(&kept("c1", None)).unwrap();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        let note = leases.files("json").pop().unwrap();
        assert_eq!(note.metadata().unwrap().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&note).unwrap();
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&text).unwrap();
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let known = [
            "version",
            "run",
            "cluster",
            "cluster_name",
            "address",
            "until",
            "description",
            "rule",
        ];
        assert_eq!(names, known);
    }

    #[test]
    fn a_note_that_cant_be_read_is_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let leases = Leases::new(data.path().to_owned());
        for (name, text) in [("a.json", "{"), ("b.json", r#"{"version": 2}"#), ("c.json", "")] {
            disk::write(
                &data.path().join(name),
                text.as_bytes(),
                disk::Expected::NoFile,
                disk::Access::Private,
            )
            .unwrap();
        }
        assert_eq!(leases.left_behind(), []);
        assert_eq!(files(data.path()), 3);
    }
}
