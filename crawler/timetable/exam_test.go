package timetable_test // not timetable: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/timetable"
)

func TestSources(t *testing.T) { crawltest.TestSources(t, timetable.Kind{}, "timetable", "testdata") }
