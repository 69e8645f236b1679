package crawler

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// checkType tells whether an answer is of a kind that was asked for. A maintenance page in HTML where JSON
// was asked must not be read as an empty listing.
func checkType(accept []string, header http.Header, body []byte) error {
	if len(accept) == 0 || len(body) == 0 {
		return nil
	}
	stated := header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(stated)
	if err != nil || media == "" {
		// Nothing usable is said. The bytes tell HTML from the rest, and a parser tells the rest.
		media, _, _ = mime.ParseMediaType(http.DetectContentType(body))
		if media != "text/html" {
			return nil
		}
	}
	for _, a := range accept {
		want, _, err := mime.ParseMediaType(a)
		if err != nil {
			continue
		}
		group, all := strings.CutSuffix(want, "/*")
		if want == "*/*" || want == media || all && strings.HasPrefix(media, group+"/") {
			return nil
		}
	}
	return fmt.Errorf("the answer is %s, asked was %s", media, strings.Join(accept, ", "))
}

// toUTF8 gives a body in UTF-8. HTML says its charset in the header or in a meta element, plain text in the
// header; other formats know their own and are left alone.
func toUTF8(header http.Header, body []byte) ([]byte, error) {
	stated := header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(stated)
	if err != nil {
		return body, nil
	}
	switch media {
	case "text/html", "application/xhtml+xml":
	case "text/plain", "text/csv":
		if params["charset"] == "" {
			return body, nil
		}
	default:
		return body, nil
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	enc, name, certain := charset.DetermineEncoding(body, stated)
	// Without a word on it the library looks at the first 1024 bytes only, and takes a page whose first ä
	// comes later for windows-1252. What is valid UTF-8 as a whole is UTF-8.
	if name == "utf-8" || !certain && utf8.Valid(body) {
		return body, nil
	}
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return nil, fmt.Errorf("charset %s: %v", name, err)
	}
	return out, nil
}
