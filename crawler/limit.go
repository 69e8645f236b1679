package crawler

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// tooLarge says that a body has more bytes after decompression than its source allows. It is an error and
// never a cut: half a document reads like a whole one that lost half its calls.
type tooLarge struct{ limit int64 }

func (e tooLarge) Error() string {
	return fmt.Sprintf("body is larger than %d bytes: raise max_bytes of the source if that is what it publishes", e.limit)
}

// readBody reads and decompresses the body of resp. It gives what it could read also with an error, at most
// limit bytes; wire counts what came over the network.
func readBody(resp *http.Response, path string, limit int64) (body []byte, wire int64, err error) {
	// What comes over the wire is bounded too: compressed nothing can go on for ever.
	counted := &counter{r: resp.Body, left: limit + keepOfBad}
	src := bufio.NewReader(counted)
	var r io.Reader = src
	encodings := strings.Split(resp.Header.Get("Content-Encoding"), ",")
	if len(encodings) > 2 {
		return nil, counted.n, fmt.Errorf("content encoding %q: more than two layers", resp.Header.Get("Content-Encoding"))
	}
	for i := len(encodings) - 1; i >= 0 && err == nil; i-- {
		r, err = decode(strings.ToLower(strings.TrimSpace(encodings[i])), r)
	}
	if err != nil {
		return nil, counted.n, readError(err, counted, limit)
	}
	if isGzip(resp.Header.Get("Content-Type"), path) {
		// Packed by the publisher, not by the connection: unpacked here, since the limit counts what comes out.
		b := bufio.NewReader(r)
		r = b
		if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			if r, err = gzip.NewReader(b); err != nil {
				return nil, counted.n, readError(err, counted, limit)
			}
		}
	}
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= min(limit, 4<<20) {
		buf.Grow(int(n) + bytes.MinRead) // known and small: read without growing
	}
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if n > limit {
		return buf.Bytes()[:limit], counted.n, tooLarge{limit}
	}
	return buf.Bytes(), counted.n, readError(err, counted, limit)
}

func readError(err error, c *counter, limit int64) error {
	if err != nil && c.left <= 0 {
		return tooLarge{limit}
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // a compressed body without any byte
	}
	return err
}

func decode(encoding string, r io.Reader) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		b := bufio.NewReader(r)
		if _, err := b.Peek(1); errors.Is(err, io.EOF) {
			return b, nil // an empty body is said to be gzip by some servers
		}
		return gzip.NewReader(b)
	case "deflate":
		// The standard means zlib; some servers send the bare stream.
		b := bufio.NewReader(r)
		if head, err := b.Peek(2); err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(b)
		}
		return flate.NewReader(b), nil
	}
	return nil, fmt.Errorf("content encoding %q was not asked for", encoding)
}

func isGzip(contentType, path string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	switch media {
	case "application/gzip", "application/x-gzip":
		return true
	}
	return strings.HasSuffix(strings.ToLower(path), ".gz")
}

// counter counts what passes and stops when nothing is left.
type counter struct {
	r    io.Reader
	n    int64
	left int64
}

func (c *counter) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("more bytes than the limit")
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.n += int64(n)
	c.left -= int64(n)
	return n, err
}
