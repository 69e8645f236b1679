package app

import (
	"net/url"
	"path"
	"strings"

	"utkik/internal/call"
	"utkik/internal/digest"
)

// itemLinks gives where the reader of a mail acts on an item; nil while nobody has said under which address the pages
// are reached.
func (a *App) itemLinks() func(call.Key) digest.Links {
	base := strings.TrimRight(a.Config.Web.BaseURL, "/")
	if base == "" {
		return nil
	}
	return func(k call.Key) digest.Links {
		ref := (&url.URL{Path: k.Ref}).EscapedPath() // slashes stay slashes where they may, as on the pages
		if path.Clean("/"+k.Ref) != "/"+k.Ref {
			ref = url.PathEscape(k.Ref)
		}
		return digest.Links{Read: base + "/call/" + url.PathEscape(k.Source) + "/" + ref}
	}
}
