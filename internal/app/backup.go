package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"utkik/config"
	"utkik/internal/backup"
	"utkik/internal/store"
)

// BackupReport is what a backup holds, or what was restored of it.
type BackupReport struct {
	File     string         `json:"file"`
	Bytes    int64          `json:"bytes"` // of the archive
	Made     time.Time      `json:"made"`  // when the store was so
	Tables   []backup.Table `json:"tables"`
	Files    []backup.File  `json:"files"`
	Store    string         `json:"store,omitempty"`    // that was restored
	Config   string         `json:"config,omitempty"`   // folder of the operator's files that were restored
	Migrated bool           `json:"migrated,omitempty"` // the schema was older, and was brought forward
}

// Where files are in an archive.
const (
	configFolder = "config" // the operator's
	dataFolder   = "data"   // those that belong into the data folder, beside the store
)

// Backup writes the store, as it is at one moment, and the operator's files into a new archive, while others read and write.
// The archive is there whole, or not at all.
func (a *App) Backup(ctx context.Context, file string) (r BackupReport, err error) {
	a = a.root() // organisations share the store
	wrap := func(err error) error { return fmt.Errorf("backup %s: %w", file, err) }
	if _, err := os.Lstat(file); err == nil {
		return r, wrap(errors.New("the file exists already: name a new one"))
	}
	if dir, err := os.Stat(filepath.Dir(file)); err != nil || !dir.IsDir() {
		return r, wrap(fmt.Errorf("its folder %s is not there: make it, or name another", filepath.Dir(file)))
	}
	release, err := a.Store.Hold(ctx, "backup")
	if errors.Is(err, store.ErrRunning) {
		return r, wrap(errors.New("another backup is being made: wait until it is done"))
	}
	if err != nil {
		return r, wrap(err)
	}
	defer func() { err = errors.Join(err, release()) }()

	work := file + ".part" // a folder of its own: nothing that is left of a killed one is taken for a backup
	if err := os.RemoveAll(work); err != nil {
		return r, wrap(err)
	}
	if err := os.Mkdir(work, 0o700); err != nil {
		return r, wrap(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m := backup.Manifest{Made: a.now().UTC(), Program: BuildInfo().Version, Store: a.Store.Path()}
	db := filepath.Join(work, backup.Database)
	if err := a.Store.Backup(ctx, db); err != nil {
		return r, err
	}
	if m.Schema, m.Tables, err = contents(ctx, db); err != nil {
		return r, wrap(err)
	}
	members, err := operatorFiles(a.Config)
	if err != nil {
		return r, wrap(err)
	}
	members = append([]backup.Member{{Name: backup.Database, Path: db}}, members...)
	whole := filepath.Join(work, "archive")
	out, err := os.OpenFile(whole, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it holds addresses, and keys
	if err != nil {
		return r, wrap(err)
	}
	m, err = backup.Write(ctx, out, m, members)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return r, wrap(err)
	}
	info, err := os.Stat(whole)
	if err != nil {
		return r, wrap(err)
	}
	// Link and not rename: a file that came to be there meanwhile stands. Where the file system knows no links, rename.
	if err := os.Link(whole, file); errors.Is(err, fs.ErrExist) {
		return r, wrap(errors.New("the file came to be meanwhile: name a new one"))
	} else if err != nil {
		if err := os.Rename(whole, file); err != nil {
			return r, wrap(err)
		}
	}
	a.log.InfoContext(ctx, "backup is written", "file", file, "bytes", info.Size(), "tables", len(m.Tables))
	return BackupReport{File: file, Bytes: info.Size(), Made: m.Made, Tables: m.Tables, Files: m.Files}, syncFolder(filepath.Dir(file))
}

// syncFolder makes the names in a folder survive the loss of power, where the system can.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // some systems refuse it for folders
	return nil
}

// contents gives what a copy of a store holds.
func contents(ctx context.Context, db string) (schema []int64, tables []backup.Table, err error) {
	look, err := store.Inspect(ctx, "sqlite:"+db)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, store.Options{URL: "sqlite:" + db, Now: time.Now})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all, err := s.Contents(ctx)
	for _, c := range all {
		tables = append(tables, backup.Table{Name: c.Table, Rows: c.Rows, SHA256: c.Hash})
	}
	return look.Have, tables, err
}

// operatorFiles are the configuration's file, a plan of the operator's own, and the files in files.dir that the program reads.
func operatorFiles(cfg *config.Config) ([]backup.Member, error) {
	var out []backup.Member
	if cfg.File != "" {
		out = append(out, backup.Member{Name: path.Join(configFolder, "utkik.yaml"), Path: cfg.File})
	}
	if words := filepath.Join(cfg.Data, vocabularyFile); !missing(words) {
		out = append(out, backup.Member{Name: path.Join(dataFolder, vocabularyFile), Path: words})
	}
	own, err := planFiles(cfg, cfg.Plan, path.Join(configFolder, "plan"))
	if err != nil {
		return nil, err
	}
	out = append(out, own...)
	for _, o := range cfg.Plans {
		theirs, err := planFiles(cfg, o.Plan, path.Join(configFolder, "plans", o.ID))
		if err != nil {
			return nil, err
		}
		out = append(out, theirs...)
	}
	if cfg.Files.Dir == "" {
		return out, nil
	}
	err = filepath.WalkDir(cfg.Files.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(cfg.Files.Dir, name)
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		if ext := filepath.Ext(name); ext == ".yaml" || ext == ".tmpl" {
			out = append(out, backup.Member{Name: path.Join(configFolder, "files", filepath.ToSlash(rel)), Path: name})
		}
		return nil
	})
	return out, err
}

// planFiles are a plan's own file, if it is one, and that of its learned words, which it names from where it stands.
func planFiles(cfg *config.Config, name, folder string) ([]backup.Member, error) {
	if !strings.HasSuffix(name, ".yaml") && !strings.ContainsAny(name, `/\`) {
		return nil, nil // it comes with the program, or from files.dir
	}
	out := []backup.Member{{Name: path.Join(folder, filepath.Base(name)), Path: name}}
	p, err := cfg.LoadPlan(name)
	if err == nil && p.LearnedFile != "" && filepath.IsLocal(filepath.FromSlash(p.LearnedFile)) {
		out = append(out, backup.Member{Name: path.Join(folder, filepath.ToSlash(p.LearnedFile)), Path: filepath.Join(filepath.Dir(name), filepath.FromSlash(p.LearnedFile))})
	}
	return out, err
}

// Restore puts what a backup holds into an installation that has no store yet: the store where the configuration says, on
// either engine, and the operator's files into a folder of their own, where nothing reads them until the operator puts them
// in place. All of it has been found to be as it was written, or nothing is restored.
func Restore(ctx context.Context, cfg *config.Config, file, files string) (r BackupReport, err error) {
	wrap := func(err error) error { return fmt.Errorf("restore %s: %w", file, err) }
	if files == "" {
		files = filepath.Join(cfg.Data, "restored")
	}
	url := storeURL(cfg)
	if err := vacant(ctx, cfg, url, files); err != nil {
		return r, wrap(err)
	}
	in, err := os.Open(file)
	if err != nil {
		return r, wrap(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return r, wrap(err)
	}
	head := make([]byte, 4)
	if n, _ := in.ReadAt(head, 0); !backup.Magic(head[:n]) {
		return r, wrap(errors.New("is no backup of utkik's: name a file that `utkik backup` wrote"))
	}
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return r, wrap(err)
	}
	work := filepath.Join(cfg.Data, "restore.part")
	if err := os.RemoveAll(work); err != nil { // of one that was killed
		return r, wrap(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m, err := backup.Read(ctx, in, work)
	if err != nil {
		return r, wrap(err)
	}
	r = BackupReport{File: file, Bytes: info.Size(), Made: m.Made, Files: m.Files}
	db := filepath.Join(work, backup.Database)
	if r.Migrated, err = fit(ctx, db, m); err != nil {
		return r, wrap(err)
	}
	if cfg.Store.URL == "" {
		if err := os.Rename(db, filepath.Join(cfg.Data, "utkik.db")); err != nil {
			return r, wrap(err)
		}
		err = syncFolder(cfg.Data)
	} else {
		_, err = CopyStore(ctx, cfg, "sqlite:"+db, url, nil)
	}
	if err != nil {
		return r, wrap(err)
	}
	if r.Tables, r.Store, err = restored(ctx, url); err != nil {
		return r, wrap(err)
	}
	if names := m.Differ(r.Tables); len(names) > 0 && !r.Migrated {
		return r, wrap(fmt.Errorf("%s came out otherwise than in the backup: do not use this store, and report it", strings.Join(names, ", ")))
	}
	if words := filepath.Join(work, dataFolder, vocabularyFile); !missing(words) {
		if err := os.Rename(words, filepath.Join(cfg.Data, vocabularyFile)); err != nil {
			return r, wrap(fmt.Errorf("the store is restored, and the imported vocabulary is not: %w", err))
		}
	}
	if slices.ContainsFunc(m.Files, func(f backup.File) bool { return strings.HasPrefix(f.Name, configFolder+"/") }) {
		if err := os.Rename(filepath.Join(work, configFolder), files); err != nil {
			return r, wrap(fmt.Errorf("the store is restored, and the operator's files are not: %w", err))
		}
		r.Config = files
	}
	return r, nil
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return err != nil
}

// vacant tells why nothing can be restored to where the configuration points.
func vacant(ctx context.Context, cfg *config.Config, url, files string) error {
	const other = "restore into an empty place: name another folder with --data, or move what is there away; nothing was touched"
	if cfg.Store.URL == "" {
		for _, name := range []string{"utkik.db", "utkik.db-wal"} {
			if _, err := os.Lstat(filepath.Join(cfg.Data, name)); err == nil {
				return fmt.Errorf("%s is there already: %s", filepath.Join(cfg.Data, name), other)
			}
		}
	} else {
		look, err := store.Inspect(ctx, url)
		if err != nil {
			return err
		}
		if len(look.Have) > 0 && !look.Fits() {
			return fmt.Errorf("store %s is there already, of an older program: name an empty database in store.url; nothing was touched", look.Name)
		}
		if len(look.Have) > 0 {
			held, err := holdsAnything(ctx, url)
			if err != nil {
				return err
			}
			if held != "" {
				return fmt.Errorf("store %s holds %s already: name an empty database in store.url; nothing was touched", look.Name, held)
			}
		}
	}
	if words := filepath.Join(cfg.Data, vocabularyFile); !missing(words) {
		return fmt.Errorf("%s is there already: %s", words, other)
	}
	// An index follows one store; beside another it would find calls that are not there.
	if entries, err := os.ReadDir(filepath.Join(cfg.Data, "index")); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is of another store: %s", filepath.Join(cfg.Data, "index"), other)
	}
	if _, err := os.Lstat(files); err == nil {
		return fmt.Errorf("%s is there already: name another folder with --files; nothing was touched", files)
	}
	return nil
}

// holdsAnything names a table that has rows.
func holdsAnything(ctx context.Context, url string) (name string, err error) {
	s, err := store.Open(ctx, store.Options{URL: url, Now: time.Now})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	c, err := s.Count(ctx, store.Tries{})
	switch {
	case err != nil:
		return "", err
	case len(c.Runs)+len(c.Sources) > 0:
		return "runs of sources", nil
	case c.Top.Rev+c.Top.Seq > 0:
		return "calls", nil
	}
	all, err := s.Recipients(ctx)
	if len(all) > 0 {
		name = "recipients"
	}
	return name, err
}

// fit brings the copy of a store forward where it is older than the program, and looks for damage in it. A copy of a newer
// program is store.ErrNewer.
func fit(ctx context.Context, db string, m backup.Manifest) (migrated bool, err error) {
	look, err := store.Inspect(ctx, "sqlite:"+db)
	if err != nil {
		return false, err
	}
	if !slices.Equal(look.Have, m.Schema) {
		return false, fmt.Errorf("its store has the migrations %v, and its manifest %v: %w", look.Have, m.Schema, backup.ErrDamaged)
	}
	s, err := store.Open(ctx, store.Options{URL: "sqlite:" + db, Now: time.Now})
	if err != nil {
		return false, err
	}
	return !look.Fits(), errors.Join(s.Check(ctx), s.Close())
}

func restored(ctx context.Context, url string) (tables []backup.Table, name string, err error) {
	s, err := store.Open(ctx, store.Options{URL: url, Now: time.Now})
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all, err := s.Contents(ctx)
	for _, c := range all {
		tables = append(tables, backup.Table{Name: c.Table, Rows: c.Rows, SHA256: c.Hash})
	}
	return tables, s.Path(), err
}
