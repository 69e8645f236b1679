package ftportal_test // not ftportal: the exam imports the crawler, which imports the kinds

import (
	"io/fs"
	"testing"

	"utkik/config"
	"utkik/crawler/crawltest"
	"utkik/crawler/ftportal"
)

// TestKind is the exam of every kind, with the source as it comes with the program, but for the number of items that
// a healthy day has: an archive that a person can read holds fewer.
func TestKind(t *testing.T) {
	data, err := fs.ReadFile(config.Embedded(), "sources/ft-portal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	src, err := config.DecodeSource("sources/ft-portal.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	src.Expect.MinItems = 0
	crawltest.TestKind(t, ftportal.Kind{}, src, "testdata")
}
