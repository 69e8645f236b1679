package haveyoursay_test // not haveyoursay: the exam imports the crawler, which imports the kinds

import (
	"io/fs"
	"testing"

	"utkik/config"
	"utkik/crawler/crawltest"
	"utkik/crawler/haveyoursay"
	"utkik/crawler/kind"
)

// TestKind is the exam of every kind, with the source as it comes with the program.
func TestKind(t *testing.T) { crawltest.TestKind(t, haveyoursay.Kind{}, source(t), "testdata") }

func source(t *testing.T) kind.Source {
	t.Helper()
	data, err := fs.ReadFile(config.Embedded(), "sources/have-your-say.yaml")
	if err != nil {
		t.Fatal(err)
	}
	src, err := config.DecodeSource("sources/have-your-say.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return src
}
