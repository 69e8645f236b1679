package config_test

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/config"
)

// TestEmbeddedSources reads every source that comes with the program.
func TestEmbeddedSources(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(config.Embedded(), "sources/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(config.Embedded(), file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := config.DecodeSource(file, data)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if s.ID != strings.TrimSuffix(path.Base(file), ".yaml") {
			t.Errorf("%s: id is %q", file, s.ID)
		}
	}
}

// FuzzDecodeSource: whatever an operator writes is read or refused with a place, and never both.
func FuzzDecodeSource(f *testing.F) {
	f.Add(ownSource)
	f.Add("id: [a\n- b: {")
	f.Add("&a [*a]\n---\nx: 1\n")
	f.Add("? {a: b}\n: c\nexpect: {max_jump: .nan, min_items: 99999999999999999999}\nallow: [1, {}]\n")
	f.Add("<<: *x\nevery: 1e9s\nzone: Local\nclock: 25:00\nhome: http://[::1\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := config.DecodeSource("sources/own-site.yaml", []byte(text))
		var problems config.Problems
		switch {
		case err == nil && (s.ID != "own-site" || s.Every <= 0 || len(s.Address) == 0):
			t.Errorf("read, but not whole: %+v", s)
		case err != nil && (!errors.As(err, &problems) || s.ID != ""):
			t.Errorf("error %v with source %+v", err, s)
		}
		for _, p := range problems {
			if p.File != "sources/own-site.yaml" || p.Text == "" {
				t.Errorf("problem without place or text: %+v", p)
			}
		}
	})
}

// TestOnly puts named sources in service in place of what the files say; an entry of the list comes after it.
func TestOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "utkik.yaml")
	write(t, file, "crawler: {only: 'formas, dg-move-consultations, uhr'}\nsources: [{id: uhr, enabled: false}, {id: cinea, enabled: true}]\n")
	var got []string
	for _, s := range load(t, config.Options{File: file}).Sources() {
		if s.Enabled {
			got = append(got, s.ID)
		}
	}
	if diff := cmp.Diff([]string{"cinea", "dg-move-consultations", "formas"}, got); diff != "" {
		t.Errorf("in service (-want +got):\n%s", diff)
	}
}
