//! The private folder of one practice run, and the guard that removes it however the program ends.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::{
        fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::{identity::Identity, start_error::StartError};

/// Waits for the end of its input, which is the end of our process, then stops what is left of the servers of the
/// folder `$1` and removes it. The sweep of what a dead run left behind is the same script with no input.
/// Immediate shutdown is right here: the data goes with the folder. A process id is trusted only if the process's
/// command line names the folder.
const GUARD: &str = r#"
trap '' HUP INT TERM
cat >/dev/null
for name in pgbouncer postgres; do
    pid=$(cat "$1/$name.pid" 2>/dev/null) || continue
    { tr '\0' ' ' <"/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2>/dev/null | grep -qF "$1" || continue
    if [ "$name" = postgres ]; then kill -QUIT "$pid"; else kill -KILL "$pid"; fi
    tries=0
    while [ "$tries" -lt 50 ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid"
done 2>/dev/null
rm -rf -- "$1" "$1.lock"
"#;

/// Where runs and the template live: the user's cache folder. Root's own home is closed to the account that the
/// servers run as, so root uses the system's.
pub(super) fn base(identity: Identity) -> Result<PathBuf, StartError> {
    if identity.is_lowered() {
        return Ok(PathBuf::from("/var/cache/poolwright/practice"));
    }
    let folders = directories::BaseDirs::new().ok_or(StartError::NoHome)?;
    Ok(folders.cache_dir().join("poolwright").join("practice"))
}

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held as long as we live; the system lets go of it when we die.
    _lock: File,
    guard: Child,
}

impl Folder {
    /// A fresh folder. What dead runs left behind is swept first.
    pub(super) fn create(base: &Path, identity: Identity) -> Result<Self, StartError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StartError::Folder { path, source }
        };
        make_base(base, identity).map_err(failed(base))?;
        sweep(base).map_err(failed(base))?;
        let name = format!("run-{}", &uuid::Uuid::new_v4().simple().to_string().split_off(24));
        let path = base.join(name);
        let lock = lock_of(&path);
        // The lock comes first, so that a sweep never meets a folder that nobody holds yet.
        let lock = locked(&lock).map_err(failed(&lock))?;
        make(&path, if identity.is_lowered() { 0o711 } else { 0o700 }).map_err(failed(&path))?;
        let guard = guard(&path, Stdio::piped())
            .map_err(|source| StartError::Run { program: "/bin/sh".into(), source })?;
        let folder = Self { path, _lock: lock, guard };
        make(&folder.servers(), 0o700).map_err(failed(&folder.servers()))?;
        identity.give(&folder.servers()).map_err(failed(&folder.servers()))?;
        make(&folder.project(), 0o700).map_err(failed(&folder.project()))?;
        make(&folder.own_files(), 0o700).map_err(failed(&folder.own_files()))?;
        Ok(folder)
    }

    /// Belongs to the account that the servers run as.
    pub(super) fn servers(&self) -> PathBuf {
        self.path.join("servers")
    }

    /// The scratch copy of the sample project; belongs to the person.
    pub(super) fn project(&self) -> PathBuf {
        self.path.join("project")
    }

    /// What the program keeps for itself in a run: backups and the like.
    pub(super) fn own_files(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Notes a server's process id for the guard and for a later sweep.
    pub(super) fn note_process(&self, name: &str, process: u32) -> io::Result<()> {
        put(&self.path.join(format!("{name}.pid")), &process.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The end of its input lets the guard do its work now.
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
        // Both are gone unless somebody ended the guard; then there is nobody left to tell.
        fs::remove_dir_all(&self.path).ok();
        fs::remove_file(lock_of(&self.path)).ok();
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

fn locked(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    file.try_lock()?;
    Ok(file)
}

fn guard(folder: &Path, input: Stdio) -> io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", GUARD, "poolwright-practice-guard"])
        .arg(folder)
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()
}

/// Ends and removes runs whose program is gone.
fn sweep(base: &Path) -> io::Result<()> {
    for entry in base.read_dir()? {
        let path = entry?.path();
        let is_run =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"run-"));
        if !is_run || path.extension().is_some() {
            continue;
        }
        // Somebody holds the lock of a run that lives.
        if let Ok(_lock) = locked(&lock_of(&path)) {
            tracing::info!(folder = %path.display(), "removing what an earlier practice run left behind");
            guard(&path, Stdio::null())?.wait()?;
        }
    }
    Ok(())
}

fn make_base(base: &Path, identity: Identity) -> io::Result<()> {
    let mode = if identity.is_lowered() { 0o711 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(base)
}

pub(super) fn make(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().create(path)?;
    // Set apart from the creation, so that the umask has no say.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Writes a small file that only its owner can read.
pub(super) fn put(path: &Path, text: &str) -> io::Result<()> {
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
