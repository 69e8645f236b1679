package crawler

import (
	"utkik/crawler/feed"
	"utkik/crawler/ftportal"
	"utkik/crawler/govmirror"
	"utkik/crawler/haveyoursay"
	"utkik/crawler/htmllist"
	"utkik/crawler/ical"
	"utkik/crawler/jsonlist"
	"utkik/crawler/kind"
	"utkik/crawler/timetable"
	"utkik/crawler/vinnova"
)

// Kinds gives the kinds of sources that the crawler can read, by the name that a source's kind names. A new
// kind is a line here; nothing registers itself.
func Kinds() map[string]kind.Kind {
	return map[string]kind.Kind{
		"feed":        feed.Kind{},
		"ical":        ical.Kind{},
		"timetable":   timetable.Kind{},
		"ftportal":    ftportal.Kind{},
		"govmirror":   govmirror.Kind{},
		"haveyoursay": haveyoursay.Kind{},
		"htmllist":    htmllist.Kind{},
		"jsonlist":    jsonlist.Kind{},
		"vinnova":     vinnova.Kind{},
	}
}
