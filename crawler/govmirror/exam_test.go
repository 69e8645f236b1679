package govmirror_test // not govmirror: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/govmirror"
)

func TestSources(t *testing.T) { crawltest.TestSources(t, govmirror.Kind{}, "govmirror", "testdata") }
