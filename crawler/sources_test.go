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
		archives := "*.txtar"
		if string(how[1]) == "Sources" {
			archives = src.ID + ".txtar"
		}
		if found, err := filepath.Glob(filepath.Join(src.Kind, "testdata", archives)); err != nil || len(found) == 0 {
			t.Errorf("%s: no %s in %s/testdata: a source is shown by what it answers", file, archives, src.Kind)
		}
	}
}
