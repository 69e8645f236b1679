package vinnova_test // not vinnova: the exam imports the crawler, which imports the kinds

import (
	"testing"

	"utkik/crawler/crawltest"
	"utkik/crawler/vinnova"
)

func TestSources(t *testing.T) { crawltest.TestSources(t, vinnova.Kind{}, "vinnova", "testdata") }
