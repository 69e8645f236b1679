package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/config"
	"utkik/index"
	"utkik/internal/app"
	"utkik/internal/backup"
	"utkik/internal/store"
)

// contents is what a store holds, as its tables are counted and hashed.
func contents(t *testing.T, s *store.Store) []backup.Table {
	t.Helper()
	all, err := s.Contents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]backup.Table, len(all))
	for i, c := range all {
		out[i] = backup.Table{Name: c.Table, Rows: c.Rows, SHA256: c.Hash}
	}
	return out
}

func loaded(t *testing.T, file string) *config.Config {
	t.Helper()
	cfg, err := config.Load(config.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// place is where a store is: a line of the configuration.
func place(t *testing.T, engine string) string {
	if engine == "postgres" {
		return "store: {url: \"" + pg.URL(t) + "\"}\n"
	}
	return ""
}

// A backup that is made while sources are read is of one moment, restores on either engine, and holds all that the store
// does; the index grows again from what was restored.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ from, to string }{{"sqlite", "sqlite"}, {"sqlite", "postgres"}, {"postgres", "sqlite"}, {"postgres", "postgres"}} {
		t.Run(way.from+" to "+way.to, func(t *testing.T) {
			t.Parallel()
			portal, text := watching(t)
			dir := t.TempDir()
			own := filepath.Join(dir, "own")
			write := func(name, text string) {
				t.Helper()
				if err := errors.Join(os.MkdirAll(filepath.Join(own, filepath.Dir(name)), 0o755), os.WriteFile(filepath.Join(own, name), []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			write("templates/digest.html.tmpl.bak", "no file that is read")
			write("plans/readme.txt", "none either")
			plan, err := os.ReadFile("../../config/plans/rvn-2020.yaml")
			if err != nil {
				t.Fatal(err)
			}
			write("plans/rvn-2020.yaml", string(plan))
			learned, err := os.ReadFile("../../config/plans/learned/rvn-2020.yaml")
			if err != nil {
				t.Fatal(err)
			}
			write("plans/learned/rvn-2020.yaml", string(learned))
			write("elsewhere/plan.yaml", strings.Replace(string(plan), "id: rvn-2020", "id: plan", 1))
			write("elsewhere/learned/rvn-2020.yaml", string(learned))
			neighbour := filepath.Join(own, "elsewhere")
			file := configure(t, text+place(t, way.from)+"files: {dir: \""+own+"\"}\nplans: [{id: grannen, plan: \""+filepath.Join(neighbour, "plan.yaml")+"\"}]\n")
			words := filepath.Join(filepath.Dir(file), "data", "vocabulary.tsv")
			if err := errors.Join(os.MkdirAll(filepath.Dir(words), 0o750), os.WriteFile(words, []byte("id\tsv\ten\tsource\n1\tsjukvård\thealth care\town\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
			a := installation(t, file, portal.Days()[0])
			crawl(t, a)
			closeApp(t, a)
			portal.SetDay(1)
			a = installation(t, file, portal.Days()[1])
			reading := make(chan error, 1)
			go func() {
				_, err := a.Crawl(context.WithoutCancel(t.Context()), nil)
				reading <- err
			}()
			var reports []app.BackupReport
			for going := true; going; {
				select {
				case err := <-reading:
					if err != nil {
						t.Fatal(err)
					}
					going = false
				default:
				}
				r, err := a.Backup(t.Context(), filepath.Join(dir, "backup"+string(rune('a'+len(reports)))))
				if err != nil {
					t.Fatal(err)
				}
				reports = append(reports, r)
			}
			last := reports[len(reports)-1]
			if diff := cmp.Diff(contents(t, a.Store), last.Tables); diff != "" {
				t.Errorf("(-store +backup):\n%s", diff)
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) != len(reports)+1 {
				t.Errorf("beside %d backups there is %v, %v", len(reports), names, err)
			}
			if info, err := os.Stat(last.File); err != nil || info.Mode().Perm() != 0o600 || info.Size() != last.Bytes {
				t.Errorf("%v, %v, want %d bytes for its owner only", info, err, last.Bytes)
			}
			if _, err := a.Backup(t.Context(), last.File); err == nil || !strings.Contains(err.Error(), "exists already") {
				t.Errorf("over a file: %v", err)
			}
			closeApp(t, a)
			// The first was made in the midst of a crawl, the last after it.
			for _, r := range []app.BackupReport{reports[0], last} {
				to := configure(t, text+place(t, way.to))
				cfg := loaded(t, to)
				got, err := app.Restore(t.Context(), cfg, r.File, "")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(r.Tables, got.Tables); diff != "" {
					t.Errorf("(-backup +restored):\n%s", diff)
				}
				for name, want := range map[string]string{"utkik.yaml": file, "files/plans/rvn-2020.yaml": "../../config/plans/rvn-2020.yaml",
					"plans/grannen/plan.yaml": filepath.Join(neighbour, "plan.yaml"), "plans/grannen/learned/rvn-2020.yaml": filepath.Join(neighbour, "learned", "rvn-2020.yaml"), "../vocabulary.tsv": words} {
					text, err := os.ReadFile(filepath.Join(got.Config, name))
					was, err2 := os.ReadFile(want)
					if err != nil || err2 != nil || string(text) != string(was) {
						t.Errorf("%s: %v %v", name, err, err2)
					}
				}
				if _, err := app.Restore(t.Context(), cfg, r.File, filepath.Join(dir, "again")); err == nil || !strings.Contains(err.Error(), "already") {
					t.Errorf("over a store: %v", err)
				}
				b := installation(t, to, portal.Days()[1])
				if diff := cmp.Diff(r.Tables, contents(t, b.Store)); diff != "" {
					t.Errorf("(-backup +store):\n%s", diff)
				}
				if err := b.Store.Check(t.Context()); err != nil {
					t.Error(err)
				}
				found, err := b.Search(t.Context(), index.Query{Text: "tourism", Limit: 5})
				if err != nil || found.Total == 0 {
					t.Errorf("found %d, %v", found.Total, err)
				}
				crawl(t, b) // what was going on is found interrupted, and goes on
				closeApp(t, b)
			}
		})
	}
}

// What is not as it was written is refused, and nothing comes of it.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	dir := t.TempDir()
	a := installation(t, configure(t, text), portal.Days()[0])
	crawl(t, a)
	good := filepath.Join(dir, "good")
	if _, err := a.Backup(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, damaged := range map[string][]byte{"flipped": flipped, "cut": whole[:len(whole)-100], "half": whole[:len(whole)/2], "text": []byte("no backup"), "empty": nil} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := loaded(t, configure(t, text))
		_, err := app.Restore(t.Context(), cfg, file, "")
		if err == nil || !strings.Contains(err.Error(), "restore "+file) || !errors.Is(err, backup.ErrDamaged) && !strings.Contains(err.Error(), "is no backup") {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(cfg.Data); err == nil && len(left) > 0 {
			t.Errorf("%s: left behind is %v", name, left)
		}
		// The place is still empty: the good one goes there.
		if _, err := app.Restore(t.Context(), cfg, good, ""); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	cfg := loaded(t, configure(t, text))
	if err := os.MkdirAll(filepath.Join(cfg.Data, "index", "search-0-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Restore(t.Context(), cfg, good, ""); err == nil || !strings.Contains(err.Error(), "is of another store") {
		t.Errorf("beside an index: %v", err)
	}
	cfg = loaded(t, configure(t, text))
	if _, err := app.Restore(t.Context(), cfg, good, dir); err == nil || !strings.Contains(err.Error(), dir+" is there already") {
		t.Errorf("over files: %v", err)
	}
	if _, err := app.Restore(t.Context(), cfg, filepath.Join(dir, "none"), ""); err == nil {
		t.Error("a file that is not there")
	}
}
