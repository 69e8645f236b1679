package htmllist_test // not htmllist: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/htmllist"
)

// TestSources is the exam of the kind, over every source that it reads.
func TestSources(t *testing.T) { crawltest.TestSources(t, htmllist.Kind{}, "htmllist", "testdata") }
