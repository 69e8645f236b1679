package feed_test // not feed: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/feed"
)

func TestSources(t *testing.T) { crawltest.TestSources(t, feed.Kind{}, "feed", "testdata") }
