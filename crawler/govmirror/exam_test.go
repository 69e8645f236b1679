package govmirror_test // not govmirror: the exam imports the crawler, which imports the kinds

import (
	"io/fs"
	"testing"

	"utkik/config"
	"utkik/crawler/crawltest"
	"utkik/crawler/govmirror"
)

// TestKind is the exam of every kind, with the sources as they come with the program.
func TestKind(t *testing.T) {
	for _, id := range []string{"remisser", "faktapromemorior"} {
		data, err := fs.ReadFile(config.Embedded(), "sources/"+id+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		src, err := config.DecodeSource("sources/"+id+".yaml", data)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(id, func(t *testing.T) { crawltest.TestKind(t, govmirror.Kind{}, src, "testdata/"+id) })
	}
}
