package crawler_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"utkik/config"
	"utkik/crawler"
)

// TestEverySourceIsShown: each source that comes with the program is of a kind that there is, has an archive of what it
// answers, and sits the exam of its kind. Kinds that are configured by data name the archive for the source.
func TestEverySourceIsShown(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(config.Embedded(), "sources/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	exam := regexp.MustCompile(`crawltest\.Test(Kind|Sources)\(`)
	kinds := crawler.Kinds()
	for _, file := range files {
		data, err := fs.ReadFile(config.Embedded(), file)
		if err != nil {
			t.Fatal(err)
		}
		src, err := config.DecodeSource(file, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if kinds[src.Kind] == nil {
			t.Errorf("%s: kind %q is not in kinds.go", file, src.Kind)
			continue
		}
		sat, err := os.ReadFile(filepath.Join(src.Kind, "exam_test.go"))
		how := exam.FindSubmatch(sat)
		if err != nil || how == nil {
			t.Errorf("%s: kind %s sits no exam in %s/exam_test.go: %v", file, src.Kind, src.Kind, err)
			continue
		}
		// A kind with one source has its archives in testdata, one with few has a folder for each.
		places := []string{filepath.Join(src.ID, "*.txtar"), "*.txtar"}
		if string(how[1]) == "Sources" {
			places = []string{src.ID + ".txtar"}
		}
		shown := false
		for _, place := range places {
			found, err := filepath.Glob(filepath.Join(src.Kind, "testdata", place))
			shown = shown || err == nil && len(found) > 0
		}
		if !shown {
			t.Errorf("%s: no %s in %s/testdata: a source is shown by what it answers", file, places[0], src.Kind)
		}
	}
}
