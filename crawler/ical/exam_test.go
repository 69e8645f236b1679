package ical_test // not ical: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/ical"
)

func TestSources(t *testing.T) { crawltest.TestSources(t, ical.Kind{}, "ical", "testdata") }
