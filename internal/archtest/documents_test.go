package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestSourcesHaveKindAndFixture: a source without a kind cannot be read, and one without a fixture is not
// known to be read rightly.
func TestSourcesHaveKindAndFixture(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "config/sources/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var table []string // the words in quotes of crawler/kinds.go
	listed := false
	for _, f := range sources(t) {
		if f.name == "crawler/kinds.go" {
			listed = true
			for _, m := range regexp.MustCompile(`"([a-z][a-z0-9]*)"`).FindAllStringSubmatch(read(t, f.name), -1) {
				table = append(table, m[1])
			}
		}
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var source struct{ ID, Kind string }
		if err := yaml.Unmarshal(text, &source); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		folder := filepath.Join(root, "crawler", source.Kind)
		if stat, err := os.Stat(folder); source.Kind == "" || err != nil || !stat.IsDir() {
			t.Errorf("source %s: kind %q has no folder crawler/%s", source.ID, source.Kind, source.Kind)
			continue
		}
		fixtures := 0
		err = filepath.WalkDir(filepath.Join(folder, "testdata"), func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				fixtures++
			}
			return err
		})
		if err != nil || fixtures == 0 {
			t.Errorf("source %s: crawler/%s/testdata has no fixture (%v)", source.ID, source.Kind, err)
		}
		if listed && !slices.Contains(table, source.Kind) {
			t.Errorf("source %s: crawler/kinds.go does not list %q", source.ID, source.Kind)
		}
	}
}

// TestRoomsAreListed compares the rooms with the table of ARCHITECTURE.md.
func TestRoomsAreListed(t *testing.T) {
	t.Parallel()
	text := read(t, "ARCHITECTURE.md")
	_, text, _ = strings.Cut(text, "## The rooms")
	text, _, _ = strings.Cut(text, "\n## ")
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(text, -1) {
		for _, m := range regexp.MustCompile("`([a-z/]+)`").FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, m[1])
		}
	}
	var rooms []string
	for _, f := range sources(t) {
		rooms = append(rooms, f.room)
	}
	slices.Sort(rooms)
	for _, room := range slices.Compact(rooms) {
		if !slices.Contains(listed, room) {
			t.Errorf("%s is not in the table of ARCHITECTURE.md", room)
		}
	}
}

// TestLibrariesHaveReasons compares the libraries that go.mod requires directly with those that
// CONTRIBUTING.md gives a reason for.
func TestLibrariesHaveReasons(t *testing.T) {
	t.Parallel()
	var required []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+\.\S+) v\S+$|^(?:tool|require) (\S+\.\S+)(?: v\S+)?$`).FindAllStringSubmatch(read(t, "go.mod"), -1) {
		required = append(required, m[1]+m[2])
	}
	_, text, found := strings.Cut(read(t, "CONTRIBUTING.md"), "## Libraries")
	if !found {
		t.Fatal("CONTRIBUTING.md has no section on libraries")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var explained []string
	for _, m := range regexp.MustCompile("(?m)^- `([^`]+)`(?:, `([^`]+)`)?: \\S").FindAllStringSubmatch(text, -1) {
		for _, name := range m[1:] {
			if name != "" {
				explained = append(explained, name)
			}
		}
	}
	if len(required) == 0 || len(explained) == 0 {
		t.Fatalf("%d libraries in go.mod, %d in CONTRIBUTING.md", len(required), len(explained))
	}
	for _, name := range required {
		if !slices.Contains(explained, name) {
			t.Errorf("%s is in go.mod without a reason in CONTRIBUTING.md", name)
		}
	}
	for _, name := range explained {
		if !slices.Contains(required, name) {
			t.Errorf("%s is explained in CONTRIBUTING.md, but go.mod does not require it directly; remove its line", name)
		}
	}
}
