package app

import (
	"strings"

	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/token"
)

// itemLinks gives where the reader of a mail acts on an item; nil while nobody has said under which address the pages
// are reached. What is a reader's own, when acts are wanted, are places that are filled in when a mail is composed.
func (a *App) itemLinks(acts bool) func(call.Key, string) digest.Links {
	base := strings.TrimRight(a.Config.Web.BaseURL, "/")
	if base == "" {
		return nil
	}
	return func(k call.Key, language string) digest.Links {
		lang := ""
		if language != "sv" { // the pages are Swedish unless they are asked
			lang = "?lang=" + language
		}
		l := digest.Links{Read: base + "/call/" + k.Path() + lang, Calendar: base + "/calendar/" + k.Path() + lang}
		if acts {
			l.Follow, l.Act, l.NotRelevant = token.Place(base, token.Follow, k), token.Place(base, token.Take, k), token.Place(base, token.NotRelevant, k)
			l.Answer = token.Place(base, token.Answer, k)
		}
		return l
	}
}

// whole gives where all of a digest can be read: of a mail the page that its own link opens, which is a place likewise, and
// else that of a department's digest of a day; nothing while nobody has said under which address the pages are reached.
func (a *App) whole(date string, mail bool) string {
	base := strings.TrimRight(a.Config.Web.BaseURL, "/")
	switch {
	case base == "":
		return ""
	case mail:
		return token.Place(base, token.View, call.Key{})
	}
	return base + "/digests/department/{department}/" + date
}

// foot gives where a reader ends the mails, or lets them rest: places likewise.
func (a *App) foot() digest.Foot {
	base := strings.TrimRight(a.Config.Web.BaseURL, "/")
	if base == "" {
		return digest.Foot{}
	}
	return digest.Foot{Unsubscribe: token.Place(base, token.Unsubscribe, call.Key{}), Pause: token.Place(base, token.Pause, call.Key{})}
}
