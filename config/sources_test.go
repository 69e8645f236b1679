package config_test

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

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
