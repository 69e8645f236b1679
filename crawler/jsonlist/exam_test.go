package jsonlist_test // not jsonlist: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/jsonlist"
)

// TestSources is the exam of the kind, over every source that it reads.
func TestSources(t *testing.T) { crawltest.TestSources(t, jsonlist.Kind{}, "jsonlist", "testdata") }
