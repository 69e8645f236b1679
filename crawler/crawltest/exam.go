package crawltest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"utkik/config"
	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/call"
)

// The name is not plain "update", which a kind's own tests may have for their own golden files.
var update = flag.Bool("crawltest.update", false, "write calls.jsonl and report.txt of the archives anew")

const (
	callsFile  = crawler.CallsFile
	reportFile = crawler.ReportFile
	storedFile = "stored.jsonl"
)

// TestKind is the exam of a kind: each archive of dir is run through the engine, and what comes out is compared
// with what the archive expects. Every document on the way is then used to try the kind's manners: it answers
// the same twice, changes nothing that it is handed, survives documents that are cut anywhere, and tells a
// maintenance page from an empty listing. The pace of src and what it expects of a healthy run are left out, since archives are small.
func TestKind(t *testing.T, k kind.Kind, src kind.Source, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archive in %s (%v): a kind is shown by what it reads", dir, err)
	}
	src.Expect = kind.Expect{}
	for _, file := range files {
		examine(t, k, file, 1, func(*testing.T, *txtar.Archive) kind.Source { return src })
	}
	if a, b := k.Start(src), k.Start(src); !reflect.DeepEqual(a, b) {
		t.Errorf("Start asks for different things on two occasions")
	}
}

// TestSources is the exam of a kind that is configured by data, over all its sources. An archive is named for the source
// that it is read as: <id>.txtar, and <id>--<what>.txtar for what else the source may answer. The source comes from the
// configuration, or else from the archive's own file sources/<id>.yaml: a site that shows a trap
// need not be one that is watched. Every source of the kind that comes with the program must have its <id>.txtar.
func TestSources(t *testing.T, k kind.Kind, name, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archive in %s (%v): a kind is shown by what it reads", dir, err)
	}
	sources := embedded(t)
	for _, file := range files {
		id, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txtar"), "--")
		// One parser reads them all, so that few places to cut each document are many places in sum.
		examine(t, k, file, 10, func(t *testing.T, ar *txtar.Archive) kind.Source {
			src, ok := sources[id]
			yaml := "sources/" + id + ".yaml"
			if own := part(ar, yaml); own != nil {
				var err error
				if src, err = config.DecodeSource(yaml, own); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			} else if !ok {
				t.Fatalf("%s: there is neither a source %s nor a %s in the archive", file, id, yaml)
			}
			if src.Kind != name {
				t.Fatalf("%s: source %s is of kind %s, not %s", file, id, src.Kind, name)
			}
			return src
		})
	}
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		if src := sources[id]; src.Kind == name && !slices.Contains(files, filepath.Join(dir, id+".txtar")) {
			t.Errorf("source %s has no %s.txtar in %s: a source is shown by what it answers", id, id, dir)
		}
	}
}

// embedded gives the sources that come with the program, by id.
func embedded(t *testing.T) map[string]kind.Source {
	t.Helper()
	files, err := fs.Glob(config.Embedded(), "sources/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources come with the program: %v", err)
	}
	out := map[string]kind.Source{}
	for _, file := range files {
		data, err := fs.ReadFile(config.Embedded(), file)
		if err != nil {
			t.Fatal(err)
		}
		src, err := config.DecodeSource(file, data)
		if err != nil {
			t.Errorf("%v", err) // the others are examined all the same
			continue
		}
		out[src.ID] = src
	}
	return out
}

// examine runs one archive and tries the kind's manners on every document of it, which it cuts at every nth place.
func examine(t *testing.T, k kind.Kind, file string, every int, source func(*testing.T, *txtar.Archive) kind.Source) {
	t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
		t.Parallel()
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src := source(t, ar)
		src.Delay = 0
		// Where rules find the fields, a source's own archive has those that a healthy run has; numbers and ages are a
		// real site's.
		src.Expect = kind.Expect{Fields: src.Expect.Fields}
		if len(src.Rules.Fields) == 0 || strings.Contains(filepath.Base(file), "--") {
			src.Expect = kind.Expect{}
		}
		for _, d := range runArchive(t, k, src, file, ar) {
			for _, complaint := range manners(k, src, d, every) {
				t.Errorf("%s: %s", d.Request.Key(), complaint)
			}
		}
	})
}

// runArchive runs one archive and gives the documents that were parsed.
func runArchive(t *testing.T, k kind.Kind, src kind.Source, file string, ar *txtar.Archive) []kind.Document {
	t.Helper()
	replay, err := NewReplay(ar)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	s := &shelf{}
	for i, line := range bytes.Split(bytes.TrimSpace(part(ar, storedFile)), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		c, err := call.Decode(line)
		if err != nil {
			t.Fatalf("%s: %s line %d: %v", file, storedFile, i+1, err)
		}
		s.listed = append(s.listed, c)
	}
	e, err := crawler.New(crawler.Config{
		UserAgent: "utkik/test (+mailto:eu@region.example)", AllowPrivate: true, Transport: replay, Retries: -1,
		Now:  crawler.ExamTime,
		Rand: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := e.Run(t.Context(), src, k, s)
	if err != nil {
		t.Fatal(err)
	}
	if missing := replay.Missing(); len(missing) > 0 {
		t.Errorf("the archive lacks answers:\n\t-- %s --", strings.Join(missing, " --\n\t-- "))
	}
	if unused := replay.Unused(); len(unused) > 0 {
		t.Errorf("the archive has answers that nothing asks for:\n\t%s", strings.Join(unused, "\n\t"))
	}
	calls, err := rep.Calls()
	if err != nil {
		t.Fatal(err)
	}
	if updating() && !t.Failed() {
		set(ar, callsFile, calls)
		set(ar, reportFile, rep.Summary())
		if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.ContainsFunc(ar.Files, func(f txtar.File) bool { return f.Name == callsFile }) {
		t.Errorf("%s has no %s: run with -crawltest.update, and read what it writes", file, callsFile)
		return s.docs
	}
	compare(t, callsFile, part(ar, callsFile), calls)
	compare(t, reportFile, part(ar, reportFile), rep.Summary())
	return s.docs
}

// updating tells whether expectations are to be written, also by the -update of a kind's own tests.
func updating() bool {
	f := flag.Lookup("update")
	return *update || f != nil && f.Value.String() == "true"
}

// Manners tells what a kind does wrong with a document that it can read; nothing when it behaves.
func Manners(k kind.Kind, src kind.Source, d kind.Document) (complaints []string) {
	return manners(k, src, d, 1)
}

func manners(k kind.Kind, src kind.Source, d kind.Document, every int) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	before := clone(d)
	first, err := parse(k, src, d)
	if err != nil && errors.As(err, new(panicked)) {
		complain("%v", err)
		return complaints
	}
	second, err2 := parse(k, src, d)
	if !reflect.DeepEqual(first, second) || (err == nil) != (err2 == nil) {
		complain("parsing it twice gives two answers")
	}
	if !reflect.DeepEqual(before, clone(d)) {
		complain("parsing changes the document")
	}
	for _, it := range first.Items {
		if it.Call.Source != src.ID || it.Call.Ref == "" {
			complain("item %s does not belong to source %s", it.Call.Key(), src.ID)
		}
		if err := it.Call.Validate(); err != nil && !it.Fill {
			complain("%v", err)
		}
	}
	for i, n := range cuts(d.Body) {
		if i%every != 0 {
			continue
		}
		cut := d
		cut.Body = bytes.Clone(d.Body[:n])
		if _, err := parse(k, src, cut); errors.As(err, new(panicked)) {
			complain("cut after %d bytes: %v", n, err)
		}
	}
	if looksJSON(d) {
		page := d
		page.Body = []byte("<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>We will be back soon</h1></body></html>")
		if _, err := parse(k, src, page); err == nil {
			complain("an HTML page in the place of JSON is no error")
		}
	}
	return complaints
}

type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func parse(k kind.Kind, src kind.Source, d kind.Document) (p kind.Page, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v}
		}
	}()
	return k.Parse(src, d)
}

// cuts gives where to cut a body: everywhere near its ends, and at a hundred places in between.
func cuts(body []byte) (at []int) {
	step := max(len(body)/100, 1)
	for n := 0; n < len(body); n++ {
		if n < 20 || n%step == 0 || n > len(body)-20 {
			at = append(at, n)
		}
	}
	return at
}

func looksJSON(d kind.Document) bool {
	if len(d.Request.Accept) > 0 {
		return !slices.ContainsFunc(d.Request.Accept, func(a string) bool { return !strings.Contains(a, "json") })
	}
	return strings.Contains(d.Header.Get("Content-Type"), "json")
}

func clone(d kind.Document) kind.Document {
	d.Body, d.Request.Body = bytes.Clone(d.Body), bytes.Clone(d.Request.Body)
	d.Header, d.Request.Header = d.Header.Clone(), d.Request.Header.Clone()
	return d
}

func part(ar *txtar.Archive, name string) []byte {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// set writes a file of an archive at its place, or at the end; an empty one is left out unless it is the calls.
func set(ar *txtar.Archive, name string, data []byte) {
	i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == name })
	switch {
	case len(data) == 0 && name != callsFile:
		if i >= 0 {
			ar.Files = slices.Delete(ar.Files, i, i+1)
		}
	case i >= 0:
		ar.Files[i].Data = data
	default:
		ar.Files = append(ar.Files, txtar.File{Name: name, Data: data})
	}
}

func compare(t *testing.T, name string, want, got []byte) {
	t.Helper()
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Errorf("%s line %d:\n\twant %s\n\tgot  %s", name, i+1, a, b)
		}
	}
}

// shelf is the sink of an exam: it stores nothing, and remembers what was parsed.
type shelf struct {
	mu     sync.Mutex
	docs   []kind.Document
	listed []call.Call
}

func (s *shelf) Stored(context.Context, string) (kind.Document, bool, error) {
	return kind.Document{}, false, nil
}

func (s *shelf) Keep(_ context.Context, d kind.Document, problem string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem == "" && d.Status == http.StatusOK {
		s.docs = append(s.docs, d)
	}
	return nil
}

func (s *shelf) Absent(_ context.Context, items []kind.Item) (out []call.Call, err error) {
	have := map[string]bool{}
	for _, it := range items {
		have[it.Call.Ref] = true
	}
	for _, c := range s.listed {
		if !have[c.Ref] {
			out = append(out, c)
		}
	}
	return out, nil
}
