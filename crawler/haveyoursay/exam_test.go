package haveyoursay_test // not haveyoursay: the exam imports the crawler, which imports the kinds

import (
	"io/fs"
	"testing"

	"utkik/config"
	"utkik/crawler/crawltest"
	"utkik/crawler/haveyoursay"
)

// TestKind is the exam of every kind, with the source as it comes with the program.
func TestKind(t *testing.T) {
	data, err := fs.ReadFile(config.Embedded(), "sources/have-your-say.yaml")
	if err != nil {
		t.Fatal(err)
	}
	src, err := config.DecodeSource("sources/have-your-say.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	crawltest.TestKind(t, haveyoursay.Kind{}, src, "testdata")
}
