#!/bin/sh
# Builds pjproject and its Python binding. Usage: build.sh TARBALL TREE FOLDER PYTHON: unpacked into TREE, the wheel is left in FOLDER.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tar xf "$1" -C "$2" --strip-components=1
# Debian leaves out a driver for Blackberrys, and not its name.
sed -i 's/ bdimad_dev.o//' "$2/pjmedia/build/Makefile"
cp "$here/config_site.h" "$2/pjlib/include/pj/config_site.h"
# What is left out are telephones' microphones, screens and rarer codecs.
(cd "$2" && CFLAGS='-O2 -fPIC -DNDEBUG' CXXFLAGS='-O2 -fPIC -DNDEBUG' ./aconfigure --enable-epoll --disable-libuuid --disable-sound \
    --disable-video --disable-ffmpeg --disable-v4l2 --disable-sdl --disable-openh264 --disable-vpx --disable-libyuv \
    --disable-libwebrtc --disable-upnp --disable-speex-aec --disable-ilbc-codec --disable-g7221-codec --disable-gsm-codec \
    --disable-speex-codec --disable-opencore-amr --disable-silk --disable-bcg729 --disable-lyra \
    --with-external-srtp --with-external-speex --enable-speex-resample)
make -C "$2" -j"$(nproc)" lib
# Each call into PJSIP lets other Python threads run meanwhile; for what only copies 20 ms of sound that costs more than the copy.
for quick in pj::MediaFrame::type pj::MediaFrame::buf pj::MediaFrame::size \
    'std::vector<unsigned char>::assign_from_bytes' 'std::vector<unsigned char>::copy_to_bytearray'; do
    sed -i "/^%template(ByteVector)/i %feature(\"nothreadallow\") $quick;" "$2/pjsip-apps/src/swig/pjsua2.i"
done
make -C "$2/pjsip-apps/src/swig/python" pjsua2_wrap.cpp
"$4" "$here/make_wheel.py" "$2" "$3"
