#!/bin/sh
# Step 3.3
systemctl restart network
# Verification, step 3
nova show cpnr-instance --human | grep numa
